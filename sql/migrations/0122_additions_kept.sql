-- The additional payments of a booking of which something is left that is not to be refunded already: when each was paid, and how
-- much is left. For what somebody gets back who paid more a moment ago and cancels.
create function additions_kept(booking uuid) returns table (paid_at timestamptz, kept integer)
language sql stable strict parallel safe as $$
select payments.paid_at, payments.kept
from checkout_lines as lines
cross join lateral (
    select
        min(money_rows.at) as paid_at,
        (
            sum(money_rows.amount) - coalesce((
                select sum(operations.amount - operations.covered) from operations
                where operations.booking_id = lines.booking_id and operations.checkout_id = lines.checkout_id
                    and operations.kind = 'refund' and operations.state in ('due', 'failed')
            ), 0)
        )::integer as kept
    from money_rows
    where money_rows.booking_id = lines.booking_id and money_rows.checkout_id = lines.checkout_id
) as payments
where lines.booking_id = booking and lines.is_addition and payments.kept > 0
$$;
