-- name: raise_sequences(gathering_ids)!
-- SEQUENCE and the time of the last change rise on the invites of these gatherings, and on the seats that have none yet;
-- calendars count in whole seconds
with changing as (
    select id from invites where gathering_id = any(:gathering_ids::uuid [])
    order by gathering_id, person_id
    for no key update
), early as (
    update bookings set
        early_sequence = early_sequence + 1,
        early_changed_at = greatest(
            now(), date_trunc('second', coalesce(early_changed_at, confirmed_at)) + interval '1 second'
        )
    where gathering_id = any(:gathering_ids::uuid []) and state = 'confirmed'
        and not exists (
            select from invites
            where invites.gathering_id = bookings.gathering_id and invites.person_id = bookings.person_id
        )
)
update invites set
    sequence = invites.sequence + 1,
    changed_at = greatest(now(), date_trunc('second', invites.changed_at) + interval '1 second')
from changing where invites.id = changing.id;

-- name: people_booked(gathering_ids)
-- everybody with a confirmed seat in one of these gatherings, unless it is over
select distinct bookings.person_id
from bookings join gatherings on gatherings.id = bookings.gathering_id
where bookings.gathering_id = any(:gathering_ids::uuid []) and bookings.state = 'confirmed'
    and gatherings.state = 'open' and gatherings.ends_at > now()
order by bookings.person_id;

-- name: add_lines(gathering_ids, line, actor_id)!
-- what a host writes to those booked at gatherings that change
insert into change_lines (gathering_id, line, written_by)
select gathering_id, :line, :actor_id from unnest(:gathering_ids::uuid []) as changed (gathering_id);

-- name: note_line(invite_id, last_line)!
-- the last line of a host that a mail of an invite had
update invites set last_line = :last_line where id = :invite_id;

-- name: forget_lines()!
-- lines of three months ago
delete from change_lines where written_at < now() - interval '90 days';

-- name: gatherings_ahead(circle_id)
-- the open gatherings of a circle that are not over
select id from gatherings
where circle_id = :circle_id and state = 'open' and ends_at > now()
order by id;

-- name: lock_of_person(person_id)
-- the invites of a person, locked in the order of their gatherings, in which a circle's gatherings are canceled together
select id from invites where person_id = :person_id order by gathering_id for no key update;

-- name: changed(person_id)
-- the confirmed seats of a person whose invite was sent and tells something else than what holds now, by circle and time
select
    bookings.id as booking_id, bookings.state, bookings.kind, bookings.amount, bookings.currency,
    bookings.gathering_id, bookings.person_id, bookings.full_refund_until,
    bookings.kept > 0 and bookings.kept = bookings.paid as all_comes_back,
    people.email, people.name as person_name, people.zone as person_zone, people.clock_hours,
    people.remind_day, people.remind_hour, people.calendar_alarms,
    circles.id as circle_id, circles.discreet_name, circles.place, gatherings.zone, gatherings.length_minutes,
    gatherings.starts_at, gatherings.ends_at, gatherings.told, now() as now,
    written.lines, written.last_line,
    invites.id as invite_id, invites.uid, invites.sequence, invites.organizer, invites.told as last_told,
    current.facts, last.sequence as last_sequence, last.facts as fingerprint
from bookings_with_money as bookings
join people on people.id = bookings.person_id
join gatherings on gatherings.id = bookings.gathering_id and gatherings.state = 'open' and gatherings.ends_at > now()
join circles on circles.id = gatherings.circle_id
join invites on invites.gathering_id = bookings.gathering_id and invites.person_id = bookings.person_id
cross join lateral (select gathering_facts(gatherings.id) as facts) as current
cross join lateral (
    select array_agg(change_lines.line order by change_lines.id) as lines, max(change_lines.id) as last_line
    from change_lines
    where change_lines.gathering_id = gatherings.id and change_lines.id > invites.last_line
        and change_lines.written_at > bookings.confirmed_at
) as written
join lateral (
    select sendings.booking_id, sendings.method, sendings.sequence, sendings.facts from sendings
    where sendings.invite_id = invites.id and sendings.sequence is not null
    order by sendings.id desc limit 1
) as last on last.booking_id = bookings.id and last.method = 'REQUEST'
where bookings.person_id = :person_id and bookings.state = 'confirmed'
    and invites.told is distinct from current.facts
order by circles.id, gatherings.starts_at, bookings.id;

-- name: uninvited(person_id)
-- the confirmed seats ahead of a person for which no mail was ever sent, but for those they are not to be told of yet
select bookings.id
from bookings join gatherings on gatherings.id = bookings.gathering_id
where bookings.person_id = :person_id and bookings.state = 'confirmed'
    and gatherings.state = 'open' and gatherings.ends_at > now()
    and not exists (select from sendings where sendings.booking_id = bookings.id)
    and not is_untold_seat(bookings.id);

-- name: ended_together(booking_id)
-- a booking, and those of the same person and circle whose gatherings were canceled in the same transaction, by time
select together.id
from bookings as own
join gatherings as own_gathering on own_gathering.id = own.gathering_id
join bookings as together on together.person_id = own.person_id
join gatherings on gatherings.id = together.gathering_id and gatherings.circle_id = own_gathering.circle_id
where own.id = :booking_id and (
    together.id = own.id
    or (
        own.end_cause = 'gathering_cancelled' and together.end_cause = 'gathering_cancelled'
        and together.state = 'cancelled' and together.ended_at = own.ended_at
    )
)
order by gatherings.starts_at, together.id;

-- name: lock_of_booking(booking_id)
-- the invites of the person of a booking, locked in the order of their gatherings
select invites.id from invites join bookings on bookings.person_id = invites.person_id
where bookings.id = :booking_id
order by invites.gathering_id
for no key update of invites;

-- name: people_untold()
-- people with a seat ahead whose last mail told something else than what holds now
select distinct bookings.person_id
from gatherings
cross join lateral (select gathering_facts(gatherings.id) as facts) as current
join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
join invites on invites.gathering_id = bookings.gathering_id and invites.person_id = bookings.person_id
where gatherings.state = 'open' and gatherings.ends_at > now() and gatherings.seats_map <> 0
    and invites.told is not null and invites.told <> current.facts;

-- name: people_untold_lately(lately)
-- the same, of invites that changed lately: whoever changes what is known of gatherings notes it on them
select distinct bookings.person_id
from invites
join gatherings on gatherings.id = invites.gathering_id
join bookings on bookings.gathering_id = gatherings.id and bookings.person_id = invites.person_id and bookings.state = 'confirmed'
where invites.changed_at > now() - :lately::interval
    and gatherings.state = 'open' and gatherings.ends_at > now()
    and invites.told is not null and invites.told <> gathering_facts(gatherings.id);

-- name: person_of(booking_id)$
-- whose booking this is
select person_id from bookings where id = :booking_id;
