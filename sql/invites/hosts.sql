-- name: lock_due(person_id)
-- the entries of a host of which a mail may be due, locked. One that is changing just now is left to the job after it.
select gathering_id from host_entries where person_id = :person_id and due
order by gathering_id
for no key update skip locked;

-- name: due_mails(person_id, ids)
-- the entries of these gatherings of which their host has to get a mail, by circle and time
select
    due.method, entries.id, entries.gathering_id, entries.person_id, entries.uid, entries.sequence, entries.hosting, entries.facts,
    entries.told, entries.mailed, gatherings.circle_id, gatherings.state as gathering_state,
    people.email, people.name as person_name, people.zone as person_zone, people.clock_hours,
    people.remind_day, people.remind_hour, people.calendar_alarms
from host_mails_due as due
join host_entries as entries on entries.gathering_id = due.gathering_id and entries.person_id = due.person_id
join gatherings on gatherings.id = entries.gathering_id
join people on people.id = entries.person_id
where due.person_id = :person_id and due.gathering_id = any(:ids::uuid [])
order by gatherings.circle_id, gatherings.starts_at, gatherings.id;

-- name: record_mail(id, method, organizer)^
-- a mail of an entry is being sent, under a SEQUENCE that no mail had before; its ORGANIZER stays what it was first. The time
-- of the last change rises with the number; calendars count in whole seconds
with numbered as (
    select id, greatest(sequence, mailed_sequence + 1) as next from host_entries where id = :id
)
update host_entries set
    sequence = numbered.next,
    changed_at = case
        when numbered.next = sequence then changed_at
        else greatest(now(), date_trunc('second', changed_at) + interval '1 second')
    end,
    mailed = :method,
    mailed_sequence = numbered.next,
    told = case when :method = 'REQUEST' then facts else told end,
    organizer = coalesce(organizer, :organizer)
from numbered
where host_entries.id = numbered.id
returning host_entries.sequence, host_entries.changed_at, host_entries.organizer;

-- name: settle(person_id, ids)!
-- no mail is due of these entries
update host_entries set due = false where person_id = :person_id and gathering_id = any(:ids::uuid []);

-- name: people_due(gathering_ids)
-- the hosts of these gatherings to whom a mail may be due
select distinct person_id from host_entries where gathering_id = any(:gathering_ids::uuid []) and due order by person_id;

-- name: everybody_due()
-- all hosts to whom a mail may be due
select distinct person_id from host_entries where due order by person_id;

-- name: keep_all()$
-- every entry of a gathering ahead is brought to what holds now; how many were not
select keep_host_entries(array(
    select gatherings.id from gatherings where gatherings.state = 'open' and gatherings.ends_at > now() order by gatherings.id
));

-- name: calendar(actor_id)^
-- what a host's calendar page shows: the choices, and the feed, whose number is null when there is none yet
select
    people.hosting_mail, feeds.number, feeds.token_hash, coalesce(feeds.hosting_within, false) as hosting_within,
    coalesce(feeds.hosting_hashes, '{}') as hosting_hashes,
    coalesce(feeds.leaves_out_mailed, false) as leaves_out_mailed,
    exists (
        select from host_entries join gatherings on gatherings.id = host_entries.gathering_id
        where host_entries.person_id = people.id and host_entries.mailed = 'REQUEST' and gatherings.ends_at > now()
    ) as has_mailed
from people left join feeds on feeds.person_id = people.id
where people.id = :actor_id;

-- name: choose_mail(actor_id, wanted)!
-- whether somebody wants what they host by mail
update people set hosting_mail = :wanted where id = :actor_id and hosting_mail <> :wanted;

-- name: choose_feed(actor_id, within)!
-- whether what somebody hosts is in the feed of what they attend
update feeds set hosting_within = :within where person_id = :actor_id and hosting_within <> :within;

-- name: feed_of_token(token_hash)^
-- whose feed of what they host this is, and their choices
select person_id, hosting_within, leaves_out_mailed from feeds where hosting_hashes @> array[:token_hash::bytea];

-- name: entries(person_id, leaves_out_mailed)
-- what a person hosts or hosted, ahead and of the last 30 days, with how full it is. What changed last: the entry, or a seat.
-- One that is no longer hosted shows as long as its time is not over, and nothing of its seats
select
    entries.gathering_id, entries.person_id, entries.uid, entries.sequence, entries.hosting, entries.facts, entries.told,
    entries.organizer, gatherings.state as gathering_state, gatherings.seats_taken, gatherings.capacity,
    people.zone as person_zone, people.clock_hours,
    people.remind_day, people.remind_hour, people.calendar_alarms,
    greatest(
        entries.changed_at,
        (
            select max(greatest(bookings.created_at, bookings.confirmed_at, bookings.ended_at)) from bookings
            where bookings.gathering_id = gatherings.id and entries.hosting
        )
    ) as changed_at
from host_entries as entries
join gatherings on gatherings.id = entries.gathering_id and gatherings.ends_at > now() - interval '30 days'
join people on people.id = entries.person_id
where entries.person_id = :person_id and not (:leaves_out_mailed and entries.mailed is not null)
order by gatherings.starts_at, entries.gathering_id;
