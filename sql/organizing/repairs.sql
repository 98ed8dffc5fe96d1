-- What was given up: jobs, and mail that did not arrive.

-- name: given_up(most)
-- jobs that were given up, the oldest first, with what they were to do and why the last attempt failed
select
    pgqueuer.id, pgqueuer.entrypoint as name, pgqueuer.created, pgqueuer.attempts,
    convert_from(pgqueuer.payload, 'UTF8') as payload,
    coalesce((
        select log.traceback ->> 'exception_message' from pgqueuer_log as log
        where log.job_id = pgqueuer.id and log.traceback is not null
        order by log.created desc limit 1
    ), '') as reason
from pgqueuer
where pgqueuer.status = 'failed'
order by pgqueuer.created, pgqueuer.id
limit :most;

-- name: subjects(ids)
-- whom and what the arguments of jobs are about, as organizers may know it
select people.id, people.name as person_name, '' as circle_name, null::timestamptz as starts_at, '' as zone, null::uuid as booking_id
from people where people.id = any(:ids::uuid [])
union all
select bookings.id, people.name, circles.name, gatherings.starts_at, gatherings.zone, bookings.id
from bookings
join people on people.id = bookings.person_id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where bookings.id = any(:ids::uuid [])
union all
select passes.id, people.name, circles.name, null, '', null
from passes
join people on people.id = passes.person_id
join circles on circles.id = passes.circle_id
where passes.id = any(:ids::uuid [])
union all
select operations.id, people.name, circles.name, items.starts_at, items.zone, operations.booking_id
from operations
cross join lateral (
    select * from paid_items as each where each.id = coalesce(operations.booking_id, operations.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where operations.id = any(:ids::uuid [])
union all
select mails.id, people.name, '', null, '', (select bookings.id from bookings where bookings.id = mails.about)
from mails join people on people.id = mails.person_id
where mails.id = any(:ids::uuid [])
    and not exists (select from concerns where concerns.id = mails.about and concerns.is_unnamed)
union all
select waits.id, people.name, circles.name, gatherings.starts_at, gatherings.zone, null
from waits
join people on people.id = waits.person_id
join gatherings on gatherings.id = waits.gathering_id
join circles on circles.id = gatherings.circle_id
where waits.id = any(:ids::uuid [])
union all
select circles.id, '', circles.name, null, '', null
from circles where circles.id = any(:ids::uuid []);

-- name: undelivered(most)
-- mail that did not arrive and that nobody settled, the newest first: what kind, to whom, and whether they have another address now.
-- is_over: it is of no use any more. Without answers to people who wrote without their name: the page of what they wrote says so
select
    mails.id, mails.kind, mails.state, mails.created_at, mails.person_id,
    (select bookings.id from bookings where bookings.id = mails.about) as booking_id,
    coalesce(people.name, nullif(mails.to_name, ''), '') as name,
    coalesce(lower(mails.to_address) <> people.email, false) as moved,
    coalesce(unreached_addresses.because, '') as because,
    coalesce(mails.useful_until <= now(), false) or mails.kind in ('sign_in', 'reminder') as is_over
from mails
left join people on people.id = mails.person_id
left join unreached_addresses on unreached_addresses.address = lower(mails.to_address)
where mails.state in ('refused', 'expired') and mails.settled_at is null and mails.kind <> 'sign_in'
    and not exists (select from concerns where concerns.id = mails.about and concerns.is_unnamed)
order by mails.created_at desc, mails.id
limit :most;

-- name: mail_waits()^
-- how many mails wait, counted up to a thousand, and since when
select count(*) as mails, min(created_at) as since
from (select mails.created_at from mails where mails.state = 'waiting' order by mails.created_at limit 1001) as waiting;

-- name: lock_undelivered(id)^
-- a mail that did not arrive, locked, with the address that its person has now
select
    mails.id, mails.kind, coalesce(people.email, mails.to_address) as address, mails.settled_at,
    coalesce(mails.useful_until <= now(), false) or mails.kind in ('sign_in', 'reminder') as is_over
from mails left join people on people.id = mails.person_id
where mails.id = :id and mails.state in ('refused', 'expired')
    and not exists (select from concerns where concerns.id = mails.about and concerns.is_unnamed)
for update of mails;

-- name: settle_mail(id, actor_id, reason)!
-- a mail that did not arrive was sent again, or is let be
update mails set settled_at = now(), settled_by = :actor_id, settled_reason = :reason
where id = :id;
