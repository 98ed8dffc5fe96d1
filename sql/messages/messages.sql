-- name: hosted_gathering(id, actor_id)^
-- a gathering for somebody who may write to its members, with what they chose last for answers and mail
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.starts_at, gatherings.ends_at,
    gatherings.zone, gatherings.length_minutes, gatherings.cancel_reason,
    circles.name as circle_name, circles.discreet_name, circles.place, now() as now, host.part,
    (
        select count(*) from bookings
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
    ) as booked,
    (
        select count(*) from waits
        where waits.gathering_id = gatherings.id and waits.state in ('waiting', 'offered')
    ) as waiting,
    coalesce((
        select messages.reply_to from messages where messages.written_by = :actor_id
        order by messages.created_at desc limit 1
    ), '') as last_reply_to,
    coalesce((
        select messages.is_short from messages where messages.written_by = :actor_id
        order by messages.created_at desc limit 1
    ), false) as last_short
from gatherings join circles on circles.id = gatherings.circle_id
join may_manage_gathering(gatherings.id, :actor_id) as host on host.may_change
where gatherings.id = :id;

-- name: hosted_circle(id, actor_id)^
-- a circle for somebody who may write to its members, with what they chose last for answers and mail
select
    circles.id as circle_id, circles.name as circle_name, circles.discreet_name, circles.zone, circles.state,
    now() as now, host.part, coalesce(latest.reply_to, '') as last_reply_to, coalesce(latest.is_short, false) as last_short
from circles
join may_write(null, circles.id, :actor_id) as host on true
left join lateral (
    select messages.reply_to, messages.is_short from messages
    where messages.written_by = :actor_id
    order by messages.created_at desc limit 1
) as latest on true
where circles.id = :id;

-- name: people_of_circle(circle, most)
-- whom hosts of a circle may choose, by name; not somebody of whom they know no more than a given seat that nobody answered yet
select
    people.id as person_id, people.name, people.pronouns, people.email, people.created_at,
    exists (select from unreached_addresses where unreached_addresses.address = people.email) as unreached
from people_of_circle(:circle) as members join people on people.id = members.person_id
where people.email not like '%@gone.invalid' and not (
    exists (
        select from bookings
        join given_seats on given_seats.booking_id = bookings.id and given_seats.answered_at is null
        where bookings.person_id = people.id
    )
    and not exists (
        select from bookings join gatherings on gatherings.id = bookings.gathering_id
        where bookings.person_id = people.id and gatherings.circle_id = :circle and not is_unanswered(bookings.id)
    )
)
order by people.name_key, people.id
limit :most;

-- name: chosen(message)
-- who was chosen for a draft
select person_id from message_people where message_id = :message order by person_id;

-- name: choose(message, circle, chosen)!
-- those chosen for a draft, of the people of its circle
with unchosen as (
    delete from message_people where message_id = :message and person_id <> all(:chosen::uuid [])
)
insert into message_people (message_id, person_id)
select :message, members.person_id from people_of_circle(:circle) as members
where members.person_id = any(:chosen::uuid [])
on conflict (message_id, person_id) do nothing;

-- name: booked(gathering)
-- the members with a confirmed seat, to choose one of them
select
    bookings.id, bookings.person_id, name_for_hosts(bookings.id, people.name) as name,
    case when given.booking_id is null then people.pronouns else '' end as pronouns,
    coalesce(given.email, people.email) as email, coalesce(given.given_at, people.created_at) as created_at,
    exists (
        select from unreached_addresses
        where unreached_addresses.address = people.email
            and unreached_addresses.since >= coalesce(given.given_at, unreached_addresses.since)
    ) as unreached
from bookings
join people on people.id = bookings.person_id
left join given_seats as given on given.booking_id = bookings.id and given.answered_at is null
where bookings.gathering_id = :gathering and bookings.state = 'confirmed'
order by coalesce(given.name_key, people.name_key), bookings.seat;

-- name: is_booked(booking, gathering)$
-- whether this is a confirmed seat at this gathering
select exists (
    select from bookings where id = :booking and gathering_id = :gathering and state = 'confirmed'
);

-- name: save_draft(id, gathering, circle, audience, booking, actor_id, body, reply_to, is_short, send_wall, send_at)$
-- a new or a changed draft; no row when it was sent already, or is somebody else's. One that is scheduled stays so while it
-- has a time
insert into messages (
    id, gathering_id, circle_id, audience, booking_id, written_by, body, reply_to, is_short, send_wall, send_at
)
values (
    :id, :gathering, :circle, :audience, :booking, :actor_id, :body, :reply_to, :is_short, :send_wall, :send_at
)
on conflict (id) do update
set
    audience = excluded.audience, booking_id = excluded.booking_id, body = excluded.body, reply_to = excluded.reply_to,
    is_short = excluded.is_short, send_wall = excluded.send_wall, send_at = excluded.send_at,
    is_scheduled = messages.is_scheduled and excluded.send_at is not null, held_because = '', created_at = now()
where messages.state = 'draft' and messages.written_by = excluded.written_by
    and messages.gathering_id is not distinct from excluded.gathering_id
    and messages.circle_id is not distinct from excluded.circle_id
returning id;

-- name: schedule(id, actor_id)$
-- a draft goes by itself at its time; no row when that has passed, or it has none
update messages set is_scheduled = true, held_because = ''
where id = :id and written_by = :actor_id and state = 'draft' and send_at > now()
returning id;

-- name: due()
-- messages whose time has come
select id from messages where is_scheduled and send_at <= now() order by send_at limit 500;

-- name: one_due(id)^
-- one of them
select written_by, send_at, now() as now from messages where id = :id and is_scheduled and send_at <= now();

-- name: hold(id, because)^
-- a message does not go by itself any more; whom to tell
update messages set is_scheduled = false, held_because = :because
from people, circles
where messages.id = :id and messages.is_scheduled and people.id = messages.written_by
    and circles.id = coalesce(
        messages.circle_id, (select gatherings.circle_id from gatherings where gatherings.id = messages.gathering_id)
    )
returning people.id as person_id, people.email, people.name, circles.discreet_name;

-- name: message(id, actor_id)^
-- one message for somebody who may write to those it is about, and whom it did not reach; a draft for its writer only, and no
-- message to single people for an organizer who did not write it
select
    messages.id, messages.gathering_id, messages.circle_id, messages.audience, messages.booking_id, messages.written_by,
    messages.body, messages.reply_to, messages.is_short, messages.state, messages.mails, messages.sent_at,
    messages.send_wall, messages.send_at, messages.is_scheduled, messages.held_because,
    coalesce(writers.name, 'Somebody who left') as from_name,
    coalesce(name_for_hosts(bookings.id, readers.name), '') as to_name, undelivered.failed, undelivered.waits
from messages
join may_write(messages.gathering_id, messages.circle_id, :actor_id) as host on true
left join people as writers on writers.id = messages.written_by
left join bookings on bookings.id = messages.booking_id
left join people as readers on readers.id = bookings.person_id
join undelivered(messages.id) on true
where messages.id = :id and (
    (
        messages.state = 'sent' and (
            host.part <> 'organizer' or (messages.booking_id is null and messages.audience in ('gathering', 'ahead', 'waiting'))
        )
    )
    or messages.written_by = :actor_id
);

-- name: lock_gathering(id)$
-- the gathering, locked so that its messages are sent and counted one after another
select id from gatherings where id = :id for no key update;

-- name: lock_message(id)$
-- the message, locked, so that nobody changes it while it is sent
select id from messages where id = :id for no key update;

-- name: lock_circle(id)$
-- the circle, locked for the same
select id from circles where id = :id for no key update;

-- name: circle_sent_today(circle)^
-- how many messages went to everybody of a kind, and to chosen people of a circle, in the last 24 hours
select
    count(*) filter (where audience <> 'chosen') as to_all,
    count(*) filter (where audience = 'chosen') as to_one
from messages
where circle_id = :circle and state = 'sent' and sent_at > now() - interval '24 hours';

-- name: sent_by_today(actor_id)$
-- how many messages somebody sent in the last 24 hours
select count(*) from messages
where written_by = :actor_id and state = 'sent' and sent_at > now() - interval '24 hours';

-- name: sent_today(gathering)^
-- how many messages went to everybody, and to one person, in the last 24 hours
select
    count(*) filter (where booking_id is null) as to_all,
    count(*) filter (where booking_id is not null) as to_one
from messages
where gathering_id = :gathering and state = 'sent' and sent_at > now() - interval '24 hours';

-- name: recipients(id)
-- whom a message would go to now, by name
select recipients.booking_id, people.id, people.email, people.name, people.zone, people.clock_hours
from message_recipients(:id) as recipients join people on people.id = recipients.person_id
order by people.name_key, people.id;

-- name: note_recipients(id, people)!
-- a message goes to these people, who may read it on the site from now on
with others as (
    delete from message_people where message_id = :id and person_id <> all(:people::uuid [])
)
insert into message_people (message_id, person_id, gone_at)
select :id, person_id, now() from unnest(:people::uuid []) as gone (person_id)
on conflict (message_id, person_id) do update set gone_at = excluded.gone_at;

-- name: mark_sent(id, mails)$
-- a draft was sent; no row when it was sent before
update messages set state = 'sent', mails = :mails, sent_at = now(), is_scheduled = false, held_because = ''
where id = :id and state = 'draft' returning id;

-- name: discard(id, actor_id)^
-- a draft, discarded by its writer
delete from messages where id = :id and written_by = :actor_id and state = 'draft' returning gathering_id, circle_id;

-- name: of_gathering(gathering, actor_id, of_hosts)
-- the messages sent about a gathering and whom they did not reach, those to one member for its hosts alone; and all of one
-- writer, newest first
select
    messages.id, messages.booking_id, messages.audience, messages.body, messages.state, messages.mails, messages.sent_at,
    messages.send_at, messages.is_scheduled, messages.held_because,
    coalesce(writers.name, 'Somebody who left') as from_name,
    coalesce(name_for_hosts(bookings.id, readers.name), '') as to_name, undelivered.failed, undelivered.waits
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

-- name: of_circle(circle, actor_id, of_hosts, after, most)
-- the messages sent to people of a circle and whom they did not reach, those to chosen people and by the register for its
-- hosts alone, and all of one writer; newest first, after one of them
select
    messages.id, messages.booking_id, messages.audience, messages.body, messages.state, messages.mails, messages.sent_at,
    messages.send_at, messages.is_scheduled, messages.held_because,
    coalesce(writers.name, 'Somebody who left') as from_name, '' as to_name, undelivered.failed, undelivered.waits
from messages
left join people as writers on writers.id = messages.written_by
join undelivered(messages.id) on true
where messages.circle_id = :circle and (
    (messages.state = 'sent' and (:of_hosts or messages.audience in ('ahead', 'waiting')))
    or messages.written_by = :actor_id
) and (
    :after::uuid is null or (messages.sent_at, messages.id) < (
        select earlier.sent_at, earlier.id from messages as earlier where earlier.id = :after::uuid
    )
)
order by messages.state = 'draft' desc, messages.sent_at desc nulls first, messages.id desc
limit :most;

-- name: forget_drafts()!
-- drafts that were not saved for a month, unless they go later
delete from messages
where state = 'draft' and created_at < now() - interval '30 days' and (send_at is null or send_at < now() - interval '1 day');

-- name: forget_sent()!
-- messages of a year ago
delete from messages where state = 'sent' and sent_at < now() - interval '1 year';

-- name: mine(actor_id, after, most)
-- the messages that went to somebody, newest first, after one of them; and how many they have not read
select
    messages.id, messages.body, messages.sent_at, recipients.read_at, circles.discreet_name, circles.name as circle_name,
    coalesce(writers.name, 'Somebody who left') as from_name
from message_people as recipients
join messages on messages.id = recipients.message_id and messages.state = 'sent'
left join gatherings on gatherings.id = messages.gathering_id
join circles on circles.id = coalesce(messages.circle_id, gatherings.circle_id)
left join people as writers on writers.id = messages.written_by
where recipients.person_id = :actor_id and recipients.gone_at is not null and (
    :after::uuid is null or (recipients.gone_at, recipients.message_id) < (
        select earlier.gone_at, earlier.message_id from message_people as earlier
        where earlier.message_id = :after::uuid and earlier.person_id = :actor_id
    )
)
order by recipients.gone_at desc, recipients.message_id desc
limit :most;

-- name: one_of_mine(id, actor_id)^
-- one message that went to somebody
select
    messages.id, messages.body, messages.sent_at, recipients.read_at, circles.discreet_name, circles.name as circle_name,
    coalesce(writers.name, 'Somebody who left') as from_name
from message_people as recipients
join messages on messages.id = recipients.message_id and messages.state = 'sent'
left join gatherings on gatherings.id = messages.gathering_id
join circles on circles.id = coalesce(messages.circle_id, gatherings.circle_id)
left join people as writers on writers.id = messages.written_by
where recipients.message_id = :id and recipients.person_id = :actor_id and recipients.gone_at is not null;

-- name: mark_read(actor_id, ids)!
-- somebody has read messages that went to them
update message_people set read_at = now()
where person_id = :actor_id and message_id = any(:ids::uuid []) and gone_at is not null and read_at is null;
