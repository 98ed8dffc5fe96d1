-- name: hosted_gathering(id, actor_id)^
-- a gathering for somebody who may write to its members, with the reply address they used last
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.starts_at, gatherings.ends_at,
    gatherings.zone, gatherings.length_minutes, gatherings.cancel_reason,
    circles.name as circle_name, circles.discreet_name, circles.place, now() as now, host.part,
    (
        select count(*) from bookings
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
    ) as booked,
    coalesce((
        select messages.reply_to from messages where messages.written_by = :actor_id
        order by messages.created_at desc limit 1
    ), '') as last_reply_to
from gatherings join circles on circles.id = gatherings.circle_id
join may_manage_gathering(gatherings.id, :actor_id) as host on host.may_change
where gatherings.id = :id;

-- name: booked(gathering)
-- the members with a confirmed seat, to choose one of them
select
    bookings.id, bookings.person_id, people.name, people.pronouns, people.email, people.created_at,
    exists (select from unreached_addresses where unreached_addresses.address = people.email) as unreached
from bookings join people on people.id = bookings.person_id
where bookings.gathering_id = :gathering and bookings.state = 'confirmed'
order by people.name_key, bookings.seat;

-- name: is_booked(booking, gathering)$
-- whether this is a confirmed seat at this gathering
select exists (
    select from bookings where id = :booking and gathering_id = :gathering and state = 'confirmed'
);

-- name: save_draft(id, gathering, booking, actor_id, body, reply_to)$
-- a new or a changed draft; no row when it was sent already, or is somebody else's
insert into messages (id, gathering_id, booking_id, written_by, body, reply_to)
values (:id, :gathering, :booking, :actor_id, :body, :reply_to)
on conflict (id) do update
set booking_id = excluded.booking_id, body = excluded.body, reply_to = excluded.reply_to, created_at = now()
where messages.state = 'draft' and messages.written_by = excluded.written_by
    and messages.gathering_id = excluded.gathering_id
returning id;

-- name: message(id, actor_id)^
-- one message for somebody who may change its gathering, and whom it did not reach; a draft for its writer only, and no
-- message to one member for an organizer who did not write it
select
    messages.id, messages.gathering_id, messages.booking_id, messages.written_by, messages.body,
    messages.reply_to, messages.state, messages.mails, messages.sent_at,
    coalesce(writers.name, 'Somebody who left') as from_name,
    coalesce(readers.name, '') as to_name, undelivered.failed, undelivered.waits
from messages
join may_manage_gathering(messages.gathering_id, :actor_id) as host on host.may_change
left join people as writers on writers.id = messages.written_by
left join bookings on bookings.id = messages.booking_id
left join people as readers on readers.id = bookings.person_id
join undelivered(messages.id) on true
where messages.id = :id and (
    (messages.state = 'sent' and (host.part <> 'organizer' or messages.booking_id is null))
    or messages.written_by = :actor_id
);

-- name: lock_gathering(id)$
-- the gathering, locked so that its messages are sent and counted one after another
select id from gatherings where id = :id for no key update;

-- name: sent_today(gathering)^
-- how many messages went to everybody, and to one person, in the last 24 hours
select
    count(*) filter (where booking_id is null) as to_all,
    count(*) filter (where booking_id is not null) as to_one
from messages
where gathering_id = :gathering and state = 'sent' and sent_at > now() - interval '24 hours';

-- name: recipients(gathering, booking)
-- the recipients of a message: everybody with a confirmed seat, or the one it is for
select bookings.id as booking_id, people.id, people.email, people.name, people.zone, people.clock_hours
from bookings join people on people.id = bookings.person_id
where bookings.gathering_id = :gathering and bookings.state = 'confirmed'
    and (:booking::uuid is null or bookings.id = :booking::uuid)
order by people.name_key, bookings.seat;

-- name: mark_sent(id, mails)$
-- a draft was sent; no row when it was sent before
update messages set state = 'sent', mails = :mails, sent_at = now()
where id = :id and state = 'draft' returning id;

-- name: discard(id, actor_id)$
-- a draft, discarded by its writer
delete from messages where id = :id and written_by = :actor_id and state = 'draft' returning gathering_id;

-- name: of_gathering(gathering, actor_id, of_hosts)
-- the messages sent about a gathering and whom they did not reach, those to one member for its hosts alone; and all of one
-- writer, newest first
select
    messages.id, messages.booking_id, messages.body, messages.state, messages.mails, messages.sent_at,
    coalesce(writers.name, 'Somebody who left') as from_name,
    coalesce(readers.name, '') as to_name, undelivered.failed, undelivered.waits
from messages
left join people as writers on writers.id = messages.written_by
left join bookings on bookings.id = messages.booking_id
left join people as readers on readers.id = bookings.person_id
join undelivered(messages.id) on true
where messages.gathering_id = :gathering and (
    (messages.state = 'sent' and (:of_hosts or messages.booking_id is null))
    or messages.written_by = :actor_id
)
order by messages.state = 'draft' desc, messages.sent_at desc, messages.created_at desc;

-- name: forget_drafts()!
-- drafts that were not saved for a month
delete from messages where state = 'draft' and created_at < now() - interval '30 days';
