-- "Needs a hand": what waits for a person. Every source is a query without parameters and with the same columns, which one page
-- reads together; each takes the most pressing rows by an index. about: which one it is; at: since when; due: until when something
-- must happen, if there is such a time; not_for: a person who may not read it; facts: what its words are made from.

-- name: worker()
-- no worker said that it runs within two minutes
select
    'worker' as source, 'worker' as about, coalesce(newest.seen_at, now()) as at, null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object('ever', newest.seen_at is not null) as facts
from (select max(processes.seen_at) as seen_at from processes where processes.kind = 'worker') as newest
where coalesce(newest.seen_at < now() - interval '2 minutes', true)
    and not exists (
        select from needs_put_off as off where off.source = 'worker' and off.about = 'worker' and off.until > now()
    );

-- name: broken_rule()
-- rules of the data that the newest check found broken. about: which rules, so that it stays put off while no other one breaks
select
    'rule' as source, newest.about, newest.at, null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object('broken', newest.broken) as facts
from (
    select at, broken, md5(array(select jsonb_object_keys(broken) order by 1)::text) as about
    from check_runs order by id desc limit 1
) as newest
where newest.broken <> '{}'
    and not exists (
        select from needs_put_off as off where off.source = 'rule' and off.about = newest.about and off.until > now()
    );

-- name: timetable()
-- entries of the timetable whose last run failed, or that are late by ten minutes
select
    'timetable' as source, timetable_entries.name as about, least(timetable_entries.due_at, timetable_entries.failed_at) as at,
    null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object(
        'failed', coalesce(timetable_entries.failed_at > coalesce(timetable_entries.succeeded_at, '-infinity'), false)
    ) as facts
from timetable_entries
where (
    timetable_entries.failed_at > coalesce(timetable_entries.succeeded_at, '-infinity')
    or timetable_entries.due_at < now() - interval '10 minutes'
)
and not exists (
    select from needs_put_off as off
    where off.source = 'timetable' and off.about = timetable_entries.name and off.until > now()
)
order by timetable_entries.due_at
limit 21;

-- name: job()
-- jobs that were given up, by their kind
select
    'job' as source, given_up.entrypoint as about, given_up.at, null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object('count', given_up.jobs) as facts
from (
    select pgqueuer.entrypoint, min(pgqueuer.created) as at, count(*) as jobs
    from pgqueuer where pgqueuer.status = 'failed' group by pgqueuer.entrypoint
) as given_up
where not exists (
    select from needs_put_off as off where off.source = 'job' and off.about = given_up.entrypoint and off.until > now()
)
order by given_up.at
limit 21;

-- name: mail_waiting()
-- mail that has waited for an hour
select
    'mail_waiting' as source, 'mail' as about, oldest.at, null::timestamptz as due, null::uuid as not_for, '{}'::jsonb as facts
from (select min(mails.created_at) as at from mails where mails.state = 'waiting') as oldest
where oldest.at < now() - interval '1 hour'
    and not exists (
        select from needs_put_off as off where off.source = 'mail_waiting' and off.about = 'mail' and off.until > now()
    );

-- name: mail()
-- mail that was refused or not sent in time, and is still of use: one item for each person, or for an address without an account
select
    'mail' as source, undelivered.about, max(undelivered.created_at) as at, min(undelivered.useful_until) as due,
    null::uuid as not_for,
    jsonb_build_object(
        'count', count(*), 'name', max(undelivered.name), 'moved', coalesce(bool_or(undelivered.moved), false)
    ) as facts
from (
    select
        coalesce(mails.person_id, mails.id)::text as about, mails.created_at, mails.useful_until,
        coalesce(people.name, '') as name, lower(mails.to_address) <> people.email as moved
    from mails left join people on people.id = mails.person_id
    where mails.state in ('refused', 'expired') and mails.settled_at is null and mails.kind not in ('sign_in', 'reminder')
        and coalesce(mails.useful_until, 'infinity') > now()
        and not exists (select from concerns where concerns.id = mails.about and concerns.is_unnamed)
    order by mails.created_at desc, mails.id
    limit 100
) as undelivered
where not exists (
    select from needs_put_off as off where off.source = 'mail' and off.about = undelivered.about and off.until > now()
)
group by undelivered.about
order by max(undelivered.created_at) desc
limit 21;

-- name: key_refused()
-- Stripe refused our key, or a right of it, within the last quarter of an hour
select
    'key' as source, stripe_alarms.kind as about, stripe_alarms.since as at, null::timestamptz as due, null::uuid as not_for,
    '{}'::jsonb as facts
from stripe_alarms
where stripe_alarms.at > now() - interval '15 minutes'
    and not exists (
        select from needs_put_off as off where off.source = 'key' and off.about = stripe_alarms.kind and off.until > now()
    )
order by stripe_alarms.since
limit 21;

-- name: refund()
-- refunds for which no further try follows
select
    'refund' as source, waiting.id::text as about, waiting.created_at as at, null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object('name', people.name, 'circle', circles.name) as facts
from waiting_refunds as waiting
cross join lateral (
    select * from paid_items as each where each.id = coalesce(waiting.booking_id, waiting.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where waiting.is_stuck
    and not exists (
        select from needs_put_off as off where off.source = 'refund' and off.about = waiting.id::text and off.until > now()
    )
order by waiting.created_at
limit 21;

-- name: refund_asked()
-- refunds that organizers ask for of their own payments, and that another one has to agree to
select
    'refund_asked' as source, asked.id::text as about, asked.asked_at as at, null::timestamptz as due, asked.asked_by as not_for,
    jsonb_build_object('asker', people.name, 'payment', asked.checkout_id) as facts
from refunds_by_hand as asked join people on people.id = asked.asked_by
where asked.state = 'asked'
    and not exists (
        select from needs_put_off as off
        where off.source = 'refund_asked' and off.about = asked.id::text and off.until > now()
    )
order by asked.asked_at
limit 21;

-- name: part()
-- parts of payments that Stripe would not move, for which no further try follows
select
    'part' as source, calls.id::text as about, calls.created_at as at, null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object('name', people.name) as facts
from connect_operations as calls
join connected_payments as payments on payments.checkout_id = calls.checkout_id
join connect_accounts as accounts on accounts.id = payments.account_id
join people on people.id = accounts.person_id
where calls.state = 'failed' and calls.settled_at is null and calls.again_at is null
    and not exists (
        select from needs_put_off as off where off.source = 'part' and off.about = calls.id::text and off.until > now()
    )
order by calls.created_at
limit 21;

-- name: part_differs()
-- parts of payments that Stripe sent otherwise than was asked, and that nobody looked at
select
    'part_differs' as source, payments.checkout_id::text as about, payments.created_at as at, null::timestamptz as due,
    null::uuid as not_for, jsonb_build_object('name', people.name) as facts
from connected_payments as payments
join connect_accounts as accounts on accounts.id = payments.account_id
join people on people.id = accounts.person_id
where payments.differs <> '{}' and payments.seen_at is null
    and not exists (
        select from needs_put_off as off
        where off.source = 'part_differs' and off.about = payments.checkout_id::text and off.until > now()
    )
order by payments.created_at
limit 21;

-- name: finding()
-- answers of Stripe that differ from what was asked, and that nobody settled
select
    'finding' as source, payment_findings.id::text as about, payment_findings.created_at as at, null::timestamptz as due,
    null::uuid as not_for, jsonb_build_object('name', people.name, 'circle', circles.name) as facts
from payment_findings
cross join lateral (
    select * from paid_items as each where each.id = coalesce(payment_findings.booking_id, payment_findings.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where payment_findings.settled_at is null
    and not exists (
        select from needs_put_off as off
        where off.source = 'finding' and off.about = payment_findings.id::text and off.until > now()
    )
order by payment_findings.created_at
limit 21;

-- name: payment()
-- payments that a bank has not decided for longer than banks take
select
    'payment' as source, checkouts.id::text as about, checkouts.pending_at as at, null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object('name', people.name, 'circle', circles.name) as facts
from checkouts
join checkout_lines as lines on lines.checkout_id = checkouts.id and lines.position = 1
cross join lateral (
    select * from paid_items as each where each.id = coalesce(lines.booking_id, lines.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where checkouts.pending_at < now() - interval '15 days' and checkouts.state = 'open'
    and not exists (
        select from needs_put_off as off
        where off.source = 'payment' and off.about = checkouts.id::text and off.until > now()
    )
order by checkouts.pending_at
limit 21;

-- name: dispute()
-- disputes that wait for an answer at Stripe, the first to answer first
select
    'dispute' as source, disputes.stripe_id as about, disputes.made_at as at, disputes.answer_by as due, null::uuid as not_for,
    jsonb_build_object('name', people.name, 'circle', circles.name) as facts
from disputes
cross join lateral (
    select * from paid_items as each where each.id = coalesce(disputes.booking_id, disputes.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where disputes.closed_at is null and disputes.state like '%needs_response'
    and not exists (
        select from needs_put_off as off
        where off.source = 'dispute' and off.about = disputes.stripe_id and off.until > now()
    )
order by disputes.answer_by nulls last, disputes.made_at
limit 21;

-- name: difference()
-- what differs from Stripe's books and has no one right answer, the oldest first
select
    'difference' as source, differences.id::text as about, differences.at, null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object('kind', differences.kind) as facts
from reconciliation_differences as differences
where differences.ended_at is null
    and not exists (
        select from needs_put_off as off
        where off.source = 'difference' and off.about = differences.id::text and off.until > now()
    )
order by differences.at
limit 21;

-- name: orphan()
-- circles that nobody can lead, with the start of their next gathering
select
    'circle' as source, circles.id::text as about, now() as at,
    ahead.starts_at as due, null::uuid as not_for,
    jsonb_build_object('circle', circles.name, 'seats', ahead.seats, 'gatherings', ahead.gatherings) as facts
from orphaned_circles
join circles on circles.id = orphaned_circles.id
cross join lateral (
    select
        min(gatherings.starts_at) as starts_at, count(*) as gatherings, coalesce(sum(gatherings.seats_taken), 0) as seats
    from gatherings
    where gatherings.circle_id = circles.id and gatherings.state = 'open' and gatherings.ends_at > now()
) as ahead
where not exists (
    select from needs_put_off as off where off.source = 'circle' and off.about = circles.id::text and off.until > now()
)
order by ahead.starts_at nulls last, circles.id
limit 21;

-- name: stand_in()
-- gatherings ahead whose stand-in can host no more, the next first
select
    'stand_in' as source, gatherings.id::text as about, now() as at, gatherings.starts_at as due, null::uuid as not_for,
    jsonb_build_object('circle', circles.name, 'circle_id', circles.id, 'zone', gatherings.zone) as facts
from orphaned_stand_ins
join gatherings on gatherings.id = orphaned_stand_ins.gathering_id
join circles on circles.id = gatherings.circle_id
where not exists (
    select from needs_put_off as off
    where off.source = 'stand_in' and off.about = gatherings.id::text and off.until > now()
)
order by gatherings.starts_at
limit 21;

-- name: register()
-- gatherings of the last four weeks that ended a day ago or longer, and at which somebody is not marked, the oldest first
select
    'register' as source, gatherings.id::text as about, gatherings.ends_at as at, null::timestamptz as due, null::uuid as not_for,
    jsonb_build_object(
        'circle', circles.name, 'starts_at', gatherings.starts_at, 'zone', gatherings.zone, 'booked', kept.booked,
        'unmarked', kept.unmarked
    ) as facts
from gatherings
join circles on circles.id = gatherings.circle_id
cross join lateral (
    select count(*) as booked, count(*) filter (where attendance.mark is null) as unmarked
    from bookings left join attendance on attendance.booking_id = bookings.id
    where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
) as kept
where gatherings.state = 'open' and gatherings.starts_at > now() - interval '28 days'
    and gatherings.starts_at < now() and gatherings.ends_at < now() - interval '1 day'
    and gatherings.seats_taken > coalesce((
        select register_counts.marked from register_counts where register_counts.gathering_id = gatherings.id
    ), 0)
    and kept.unmarked > 0
    and not exists (
        select from needs_put_off as off
        where off.source = 'register' and off.about = gatherings.id::text and off.until > now()
    )
order by gatherings.starts_at
limit 21;

-- name: complaint()
-- open complaints whose date is within three days or past, the first to answer first
select
    'complaint' as source, complaints.id::text as about, complaints.created_at as at,
    complaints.answer_by::timestamp at time zone 'utc' as due, listings.person_id as not_for,
    jsonb_build_object('name', listings.name) as facts
from complaints join listings on listings.id = complaints.listing_id
where complaints.state = 'open' and complaints.answer_by <= (now() at time zone 'utc')::date + 3
    and not exists (
        select from needs_put_off as off
        where off.source = 'complaint' and off.about = complaints.id::text and off.until > now()
    )
order by complaints.answer_by, complaints.created_at
limit 21;

-- name: concern()
-- open concerns whose date is within three days or past, the first to answer first
select
    'concern' as source, concerns.id::text as about, concerns.created_at as at,
    concerns.answer_by::timestamp at time zone 'utc' as due, concerns.about_person as not_for, '{}'::jsonb as facts
from concerns
where concerns.state = 'open' and concerns.answer_by <= (now() at time zone 'utc')::date + 3
    and not exists (
        select from needs_put_off as off
        where off.source = 'concern' and off.about = concerns.id::text and off.until > now()
    )
order by concerns.answer_by, concerns.created_at
limit 21;

-- name: listing()
-- listings that wait for an organizer, the oldest first
select
    'listing' as source, listings.id::text as about, listings.came_at as at, null::timestamptz as due, listings.person_id as not_for,
    jsonb_build_object('name', listings.name) as facts
from listings
where listings.state = 'waiting'
    and not exists (
        select from needs_put_off as off
        where off.source = 'listing' and off.about = listings.id::text and off.until > now()
    )
order by listings.came_at
limit 21;

-- name: license()
-- active licenses of shown listings that expire within two weeks, the first first; its therapist was asked by mail before
select
    'license' as source, licences.id::text as about, listings.asked_at as at,
    licences.expires_on::timestamp at time zone 'utc' as due, listings.person_id as not_for,
    jsonb_build_object('name', listings.name, 'listing', listings.id) as facts
from licences join listings on listings.id = licences.listing_id
where licences.expires_on between (now() at time zone 'utc')::date and (now() at time zone 'utc')::date + 14
    and licences.status = 'active' and listings.state = 'shown'
    and not exists (
        select from needs_put_off as off
        where off.source = 'license' and off.about = licences.id::text and off.until > now()
    )
order by licences.expires_on, licences.id
limit 21;

-- name: role_request()
-- who asks for the facilitator's role, the oldest first
select
    'role_request' as source, requests.id::text as about, requests.created_at as at, null::timestamptz as due,
    requests.person_id as not_for, jsonb_build_object('name', people.name) as facts
from role_requests as requests join people on people.id = requests.person_id
where requests.state = 'open'
    and not exists (
        select from needs_put_off as off
        where off.source = 'role_request' and off.about = requests.id::text and off.until > now()
    )
order by requests.created_at
limit 21;

-- name: put_off_rows()
-- what is put off now, with who did it, the first to come back first
select
    'put_off' as source, off.about, off.at, off.until as due, off.not_for,
    jsonb_build_object('of', off.source, 'by', coalesce(people.name, '')) as facts
from needs_put_off as off left join people on people.id = off.put_off_by
where off.until > now()
order by off.until
limit 21;

-- name: put_off(source, about, until, not_for, actor_id)!
-- an item comes back at a time
insert into needs_put_off (source, about, until, not_for, put_off_by) values (:source, :about, :until, :not_for, :actor_id)
on conflict (source, about) do update set
    until = excluded.until, not_for = excluded.not_for, put_off_by = excluded.put_off_by, at = now();

-- name: is_put_off(source, about)$
-- whether an item is put off now
select exists (select from needs_put_off where source = :source and about = :about and until > now());

-- name: bring_back(source, about, actor_id)$
-- an item is back at once, for whoever may read it
delete from needs_put_off where source = :source and about = :about and not_for is distinct from :actor_id returning source;

-- name: forget_put_off()!
-- what came back a month ago
delete from needs_put_off where until < now() - interval '30 days';

-- name: gathering_with_gap(id)^
-- a gathering that ended and has somebody who is not marked, locked
select gatherings.id, gatherings.circle_id, gatherings.starts_at, gatherings.zone
from gatherings
where gatherings.id = :id and gatherings.state = 'open' and gatherings.ends_at < now() and exists (
    select from bookings left join attendance on attendance.booking_id = bookings.id
    where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed' and attendance.mark is null
)
for no key update of gatherings;

-- name: payout()
-- what was due to a facilitator by the statements that were made six weeks ago, and was not paid out since
select
    'payout' as source, late.facilitator_id::text || ':' || late.currency as about, late.at, null::timestamptz as due,
    null::uuid as not_for,
    jsonb_build_object(
        'person', late.facilitator_id, 'name', people.name, 'currency', late.currency, 'amount', late.amount
    ) as facts
from (
    select facilitator_id, currency, sum(due)::bigint as amount, max(at) as at
    from (
        select
            statements.facilitator_id, statements.currency, lines.part - lines.transferred - lines.held as due,
            months.closed_at as at
        from statement_months as months
        join statements on statements.month = months.month
        join statement_lines as lines on lines.statement_id = statements.id
        where months.closed_at < now() - interval '6 weeks'
        union all
        select facilitator_id, currency, - amount, null from hand_payouts
    ) as moved
    group by facilitator_id, currency having sum(due) > 0
) as late
join people on people.id = late.facilitator_id
where not exists (
    select from needs_put_off as off
    where off.source = 'payout' and off.about = late.facilitator_id::text || ':' || late.currency and off.until > now()
)
order by late.at limit 21;
