-- See 0087. A dispute that was lost is one of a booking only where it took some of its money: another booking of the same payment,
-- which went back in full or was not taken, has none.
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
        (
            select disputes.state
            from checkout_lines as lines join disputes on disputes.checkout_id = lines.checkout_id
            where lines.booking_id = bookings.id and (
                disputes.state <> 'lost'
                or exists (
                    select from money_rows
                    where money_rows.booking_id = bookings.id
                        and money_rows.checkout_id = disputes.checkout_id and money_rows.kind = 'dispute'
                )
            )
            order by disputes.made_at desc limit 1
        ), ''
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
                    where payment_findings.booking_id = checkouts.booking_id
                        and payment_findings.stripe_id = checkouts.stripe_id and payment_findings.settled_at is null
                ) then 'person'
            end
        from checkout_lines as lines join checkouts on checkouts.id = lines.checkout_id and checkouts.state = 'open'
        where lines.booking_id = bookings.id and not lines.is_addition
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
