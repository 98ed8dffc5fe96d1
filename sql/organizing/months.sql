-- The ledger by month, for a bookkeeper. zone, since, seconds: the community's zone and its offsets; begins, ends: of the months.

-- name: by_month(zone, since, seconds, first_month, last_month, begins, ends)
-- the sums of some months by currency, the newest first; and when the first entry of all was
select
    totals.month, totals.currency, sum(totals.entries)::bigint as entries, sum(totals.gross)::bigint as gross,
    sum(totals.refund)::bigint as refund, sum(totals.fee)::bigint as fee, sum(totals.payout)::bigint as payout,
    sum(totals.paid_out)::bigint as paid_out, sum(totals.income)::bigint as income, sum(totals.owed)::bigint as owed,
    sum(totals.passes_sold)::bigint as passes_sold, sum(totals.stripe)::bigint as stripe, sum(totals.bank)::bigint as bank,
    sum(totals.cash)::bigint as cash, sum(totals.unknown)::bigint as unknown
from ledger_totals(:zone, :since, :seconds, :first_month, :last_month, :begins, :ends) as totals
group by totals.month, totals.currency
order by totals.month desc, totals.currency;

-- name: first_entry()$
-- when the first movement of all was
select at from ledger_entries order by at limit 1;

-- name: by_circle(zone, since, seconds, first_month, last_month, begins, ends)
-- the sums of a month by currency, circle and kind, with the names of the circles
select totals.*, circles.name, circles.discreet_name
from ledger_totals(:zone, :since, :seconds, :first_month, :last_month, :begins, :ends) as totals
left join circles on circles.id = totals.circle_id
order by totals.currency, circles.name_key, totals.circle_id, totals.kind;

-- name: before(zone, since, seconds, last_month, ends)
-- the sums of all that was posted before a month, by currency
select
    totals.currency, sum(totals.entries)::bigint as entries, sum(totals.gross)::bigint as gross,
    sum(totals.refund)::bigint as refund, sum(totals.fee)::bigint as fee, sum(totals.payout)::bigint as payout,
    sum(totals.paid_out)::bigint as paid_out, sum(totals.income)::bigint as income, sum(totals.owed)::bigint as owed,
    sum(totals.passes_sold)::bigint as passes_sold, sum(totals.stripe)::bigint as stripe, sum(totals.bank)::bigint as bank,
    sum(totals.cash)::bigint as cash, sum(totals.unknown)::bigint as unknown
from ledger_totals(:zone, :since, :seconds, '-infinity', :last_month, '-infinity', :ends) as totals
group by totals.currency;

-- name: movements(begins, ends)
-- every movement of a month, with the number of its booking or pass and Stripe's own. The fee of a payment is in its row where both
-- are of the month, and a row of its own otherwise
with moved as materialized (
    select * from ledger_movements where ledger_movements.at >= :begins and ledger_movements.at < :ends
), fees as (
    select payments.id as payment_id, fees.id, fees.fee, fees.stripe
    from moved as fees
    join balance_transactions as transactions
        on transactions.id = split_part(split_part(fees.source, ':', 1), '@', 1) and transactions.place = 'payment'
    join moved as payments on payments.kind = 'payment' and payments.currency = fees.currency
        and coalesce(payments.booking_id, payments.pass_id) = coalesce(fees.booking_id, fees.pass_id)
    join money_rows on money_rows.id = payments.source::bigint and money_rows.checkout_id = transactions.checkout_id
    where fees.kind = 'fee'
)

select
    moved.id, moved.at, moved.kind, moved.currency, moved.circle_id, moved.gross, moved.refund,
    moved.fee + coalesce(kept.fee, 0) as fee, moved.payout, moved.paid_out, moved.income, moved.owed, moved.passes_sold,
    moved.stripe + coalesce(kept.stripe, 0) as stripe, moved.bank, moved.cash, moved.unknown, 1 + coalesce(kept.entries, 0) as entries,
    coalesce(number_of(coalesce(moved.booking_id, moved.pass_id)), '') as number,
    coalesce(circles.discreet_name, '') as discreet_name,
    coalesce(money_rows.stripe_id, case when moved.source ~ '^[a-z]+_' then moved.source end, '') as reference
from moved
left join (
    select payment_id, sum(fee)::bigint as fee, sum(stripe)::bigint as stripe, count(*) as entries from fees group by payment_id
) as kept on kept.payment_id = moved.id
left join circles on circles.id = moved.circle_id
left join money_rows on money_rows.id = case
    when moved.kind in ('payment', 'refund', 'refund_returned', 'dispute', 'dispute_returned') then moved.source::bigint
end
where not exists (select from fees where fees.id = moved.id);

-- name: begin_export(actor_id, filters, format)<!
-- the log entry of a file
insert into exports (what, who, filters, format, depth) values ('months', :actor_id, :filters, :format, 'totals') returning id;

-- name: finish_export(id, row_count)!
-- the file is complete
update exports set row_count = :row_count, finished_at = now() where id = :id;

-- name: freeze_snapshot()!
-- all reads of this transaction are of one moment
set transaction isolation level repeatable read, read only;
