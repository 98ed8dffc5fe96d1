-- For whom the payment of a held seat waits, so that its pages say so: 'bank' while a bank decides (its checkout is complete
-- and unpaid), 'person' while a person looks at what Stripe answered otherwise than asked, empty otherwise.
create or replace view bookings_with_money as
select
    bookings.id, bookings.gathering_id, bookings.person_id, bookings.seat, bookings.kind, bookings.state,
    bookings.amount, bookings.currency, bookings.scale_minimum, bookings.scale_maximum, bookings.refund_hours,
    bookings.late_refund_percent, bookings.acceptance_id, bookings.held_until, bookings.let_go_at,
    bookings.created_at, bookings.confirmed_at, bookings.ended_at, bookings.end_cause, bookings.full_refund_until,
    bookings.returned_at,
    (select coalesce(sum(amount), 0)::int from money_rows where booking_id = bookings.id and kind = 'payment') as paid,
    coalesce(refunds.requested, 0)::int as refunded,
    coalesce(refunds.done, 0)::int as refund_done,
    coalesce(refunds.failed, 0)::int as refund_failed,
    coalesce(refunds.stuck, 0)::int as refund_stuck,
    coalesce(refunds.settled, 0)::int as refund_settled,
    coalesce(
        (select disputes.state from disputes where booking_id = bookings.id order by made_at desc limit 1), ''
    ) as disputed,
    greatest(
        0,
        (select coalesce(sum(amount), 0)::int from money_rows where booking_id = bookings.id)
        - coalesce(refunds.owed, 0)::int
    ) as kept,
    case when bookings.state = 'held' then coalesce((
        select
            case
                when checkouts.pending_at is not null then 'bank'
                when exists (
                    select from payment_findings
                    where payment_findings.booking_id = bookings.id and payment_findings.stripe_id = checkouts.stripe_id
                        and payment_findings.settled_at is null
                ) then 'person'
            end
        from checkouts where checkouts.booking_id = bookings.id and checkouts.state = 'open'
    ), '') else '' end as payment_waits
from bookings
left join lateral (
    select
        sum(amount - covered) as requested,
        sum(amount - covered) filter (where state = 'done') as done,
        sum(amount - covered) filter (where state in ('due', 'failed')) as owed,
        sum(amount - covered) filter (where state = 'failed' and settled_at is null) as failed,
        sum(amount - covered) filter (where state = 'failed' and settled_at is null and again_at is null) as stuck,
        sum(amount - covered) filter (where state = 'failed' and settled_at is not null) as settled
    from operations where booking_id = bookings.id and kind = 'refund'
) as refunds on true;

-- Somebody's own seat at a gathering; see 0029. It says as well for whom its payment waits.
create or replace function own_seat(gathering uuid, person uuid) returns jsonb
language sql stable strict parallel safe as $$
select
    jsonb_build_object(
        'gathering_id', gatherings.id, 'gathering_state', gatherings.state, 'starts_at', gatherings.starts_at,
        'ends_at', gatherings.ends_at, 'zone', gatherings.zone, 'now', clock_timestamp(),
        'booking', case when booking.id is not null then to_jsonb(booking) end,
        'request', case when request.id is not null then to_jsonb(request) end
    )
from gatherings
left join lateral (
    select
        bookings.id, bookings.state, bookings.kind, bookings.amount, bookings.currency, bookings.end_cause,
        bookings.held_until, bookings.let_go_at, bookings.returned_at, bookings.full_refund_until, bookings.paid,
        bookings.refunded, bookings.refund_done, bookings.refund_failed, bookings.refund_stuck,
        bookings.refund_settled, bookings.disputed, bookings.payment_waits
    from bookings_with_money as bookings
    where bookings.gathering_id = gatherings.id and bookings.person_id = person
    order by bookings.state in ('held', 'confirmed') desc, bookings.created_at desc limit 1
) as booking on true
left join lateral (
    select requests.id, requests.state from requests
    where requests.gathering_id = gatherings.id and requests.person_id = person
        and requests.state <> 'withdrawn' and requests.forgotten_at is null
    order by requests.created_at desc limit 1
) as request on true
where gatherings.id = gathering and (booking.id is not null or request.id is not null)
$$;
