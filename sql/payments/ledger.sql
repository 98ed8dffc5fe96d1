-- The ledger in double entry: sums by month, kept by the timetable.

-- name: settled_entry()$
-- the number of an entry up to which all are there; nothing while somebody posts one
select settled_entry();

-- name: begin_summing(zone)!
-- no entry is summed yet, where nothing says otherwise
insert into ledger_summed (zone, up_to) values (:zone, 0) on conflict on constraint ledger_summed_pkey do nothing;

-- name: summed()^
-- up to which entry sums are kept, and whose months they are; locked
select zone, up_to from ledger_summed for update;

-- name: clear_sums()!
-- the sums of another zone's months are of no use
delete from ledger_sums;

-- name: add_sums(since, seconds, after, up_to)!
-- add some entries to the sums of their months
insert into ledger_sums (
    month, circle_id, kind, currency, entries, gross, refund, fee, payout, paid_out, income, owed, passes_sold, stripe, bank, cash,
    unknown
)
select
    date_trunc('month', local_time(at, :since::timestamptz [], :seconds::int []))::date, circle_id, kind, currency, count(*),
    sum(gross), sum(refund), sum(fee), sum(payout), sum(paid_out), sum(income), sum(owed), sum(passes_sold), sum(stripe), sum(bank),
    sum(cash), sum(unknown)
from ledger_movements
where id > :after and id <= :up_to
group by 1, circle_id, kind, currency
on conflict on constraint sums_once do update set
    entries = ledger_sums.entries + excluded.entries, gross = ledger_sums.gross + excluded.gross,
    refund = ledger_sums.refund + excluded.refund, fee = ledger_sums.fee + excluded.fee,
    payout = ledger_sums.payout + excluded.payout, paid_out = ledger_sums.paid_out + excluded.paid_out,
    income = ledger_sums.income + excluded.income, owed = ledger_sums.owed + excluded.owed,
    passes_sold = ledger_sums.passes_sold + excluded.passes_sold, stripe = ledger_sums.stripe + excluded.stripe,
    bank = ledger_sums.bank + excluded.bank, cash = ledger_sums.cash + excluded.cash,
    unknown = ledger_sums.unknown + excluded.unknown;

-- name: note_summed(zone, up_to)!
-- sums are kept up to this entry
update ledger_summed set zone = :zone, up_to = :up_to, at = now();
