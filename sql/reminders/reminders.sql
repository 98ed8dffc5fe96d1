-- name: due(kind, lead, until, most)
-- seats whose reminder is due: the gathering begins within the lead and not before "until", the seat was confirmed before
-- the lead began, and the reminder was not planned yet
select bookings.id, gatherings.starts_at
from gatherings
join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
join people on people.id = bookings.person_id
where gatherings.starts_at > now() + :until::interval and gatherings.starts_at <= now() + :lead::interval
    and gatherings.state = 'open' and gatherings.seats_map <> 0
    and bookings.confirmed_at <= gatherings.starts_at - :lead::interval
    and case :kind::text when 'day' then people.remind_day else people.remind_hour end
    and not is_untold_seat(bookings.id)
    and not exists (
        select from reminders
        where reminders.booking_id = bookings.id and reminders.kind = :kind::text
            and reminders.starts_at = gatherings.starts_at
    )
order by gatherings.starts_at, bookings.id
limit :most;

-- name: plan(kind, batch, bookings, starts)!
-- plan reminders, which one job sends together; those that were planned meanwhile stay as they are
insert into reminders (booking_id, kind, starts_at, batch)
select planned.booking_id, :kind, planned.starts_at, :batch
from unnest(:bookings::uuid [], :starts::timestamptz []) as planned (booking_id, starts_at)
on conflict (booking_id, kind, starts_at) do nothing;

-- name: lost_batches(grace)
-- batches that were planned a while ago and are not sent, such as after a job that was given up
select distinct batch from reminders where sent_at is null and planned_at < now() - :grace::interval;

-- name: lock_batch(batch)
-- the reminders of a batch that are still to be sent, locked, with all that their mails say
select
    reminders.id, reminders.kind, reminders.starts_at, reminder_holds(reminders) as holds, now() as now,
    bookings.id as booking_id, bookings.person_id,
    people.email, people.name as person_name, people.zone as person_zone, people.clock_hours,
    circles.discreet_name, circles.place, gatherings.zone, gatherings.length_minutes
from reminders
join bookings on bookings.id = reminders.booking_id
join people on people.id = bookings.person_id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where reminders.batch = :batch and reminders.sent_at is null
order by reminders.id
for update of reminders;

-- name: mark_sent(id, mail_id)!
-- the mail of a reminder is in the queue
update reminders set sent_at = now(), mail_id = :mail_id where id = :id;

-- name: delete(ids)!
-- planned reminders that are of no use any more
delete from reminders where id = any(:ids::bigint []);

-- name: delete_old()!
-- reminders of gatherings of a month ago, and planned ones whose time has passed
delete from reminders
where starts_at < now() - interval '30 days' or (sent_at is null and starts_at < now());

-- name: choice(person_id)^
-- which reminders somebody chose; no row for somebody who left
select remind_day, remind_hour, calendar_alarms from people where id = :person_id and email not like '%@gone.invalid';

-- name: choose(person_id, remind_day, remind_hour)$
-- choose reminders by the address in a mail
update people set remind_day = :remind_day, remind_hour = :remind_hour
where id = :person_id and email not like '%@gone.invalid'
returning id;
