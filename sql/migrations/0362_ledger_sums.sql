-- What each entry of the ledger says to a bookkeeper, and its sums by month, so that a page reads few rows.

-- Each entry: what it changed of every account, and the same as a bookkeeper reads it. gross: what came in; refund: what went back, by a
-- refund, a dispute or in cash (negative where it came back to the community); fee: what Stripe kept; payout: what went from Stripe to
-- the bank; paid_out: what facilitators got, or kept of cash; income: what the community earned; owed: what became due to
-- facilitators; passes_sold: what is owed of passes. gross - refund - fee is the net; net - paid_out is what stripe, bank and cash
-- together changed by.
create view ledger_movements as
select
    entries.id, entries.at, entries.posted_at, entries.kind, entries.source, entries.currency, entries.circle_id, entries.booking_id,
    entries.pass_id, changed.stripe, changed.bank, changed.cash, changed.unknown,
    case when changed.moved and not changed.of_facilitators and not said.is_back then said.amount else 0 end as gross,
    case when changed.moved and not changed.of_facilitators and said.is_back then - said.amount else 0 end as refund,
    changed.fees as fee,
    case when changed.stripe <> 0 then changed.bank else 0 end as payout,
    case
        when changed.moved and changed.of_facilitators
            then - (changed.stripe + changed.bank + changed.cash) - changed.fees
        else 0
    end as paid_out,
    - changed.sales as income, - changed.facilitators as owed, - changed.passes as passes_sold
from ledger_entries as entries
cross join lateral (
    select
        coalesce(sum(lines.amount) filter (where lines.account = 'stripe'), 0)::bigint as stripe,
        coalesce(sum(lines.amount) filter (where lines.account = 'bank'), 0)::bigint as bank,
        coalesce(sum(lines.amount) filter (where lines.account = 'cash'), 0)::bigint as cash,
        coalesce(sum(lines.amount) filter (where lines.account = 'sales'), 0)::bigint as sales,
        coalesce(sum(lines.amount) filter (where lines.account = 'fees'), 0)::bigint as fees,
        coalesce(sum(lines.amount) filter (where lines.account = 'facilitators'), 0)::bigint as facilitators,
        coalesce(sum(lines.amount) filter (where lines.account = 'passes'), 0)::bigint as passes,
        coalesce(sum(lines.amount) filter (where lines.account = 'unknown'), 0)::bigint as unknown,
        coalesce(bool_or(lines.account in ('stripe', 'bank', 'cash')), false) as moved,
        coalesce(bool_or(lines.account = 'facilitators'), false) as of_facilitators
    from ledger_lines as lines where lines.entry_id = entries.id
) as changed
cross join lateral (
    select
        - (changed.sales + changed.passes + changed.unknown) as amount,
        changed.sales + changed.passes + changed.unknown > 0 or entries.kind like '%\_returned' as is_back
) as said;

-- Their sums by month of the community's clock, circle, kind and currency, of the entries up to that of ledger_summed: the timetable adds
-- what was posted since, and pages add what comes after.
create table ledger_sums (
    month date not null,
    circle_id uuid,
    kind text not null,
    currency text not null,
    entries bigint not null,
    gross bigint not null,
    refund bigint not null,
    fee bigint not null,
    payout bigint not null,
    paid_out bigint not null,
    income bigint not null,
    owed bigint not null,
    passes_sold bigint not null,
    stripe bigint not null,
    bank bigint not null,
    cash bigint not null,
    unknown bigint not null,
    constraint sums_once unique nulls not distinct (month, circle_id, kind, currency)
);
-- zone: whose months they are.
create table ledger_summed (
    is_only boolean primary key default true,
    zone text not null,
    up_to bigint not null,
    at timestamptz not null default now(),
    constraint summed_once check (is_only)
);

-- An entry up to which all are there: none with a lower number is still being written. Null while somebody writes one. Whoever posts locks
-- the table before the number is drawn, and until the transaction ends; the last number is read before the locks are.
create function settled_entry() returns bigint language plpgsql as $$
declare
    newest constant bigint := coalesce(pg_sequence_last_value(pg_get_serial_sequence('ledger_entries', 'id')::regclass), 0);
begin
    if exists (
        select from pg_locks
        where pg_locks.relation = 'ledger_entries'::regclass and pg_locks.mode = 'RowExclusiveLock'
            and pg_locks.database = (select oid from pg_database where datname = current_database())
            and pg_locks.pid is distinct from pg_backend_pid()
    ) then
        return null;
    end if;
    return newest;
end
$$;

-- The sums of some months, which are those from `begins` until before `ends` on the clock of a zone: kept ones and what was posted
-- since; all of them counted now where those that are kept are of another zone. since, seconds: its offsets, as for local_time.
-- The planner cannot know how little was posted since, and compiling its plan would take longer than a second.
create function ledger_totals(
    zone text, since timestamptz [], seconds integer [], first_month date, last_month date, begins timestamptz, ends timestamptz
) returns setof ledger_sums language plpgsql stable set jit = off as $$
declare
    kept_up_to constant bigint := (select up_to from ledger_summed where ledger_summed.zone = ledger_totals.zone);
begin
    return query
    select
        sums.month, sums.circle_id, sums.kind, sums.currency, sum(sums.entries)::bigint, sum(sums.gross)::bigint,
        sum(sums.refund)::bigint, sum(sums.fee)::bigint, sum(sums.payout)::bigint, sum(sums.paid_out)::bigint,
        sum(sums.income)::bigint, sum(sums.owed)::bigint, sum(sums.passes_sold)::bigint, sum(sums.stripe)::bigint,
        sum(sums.bank)::bigint, sum(sums.cash)::bigint, sum(sums.unknown)::bigint
    from (
        select kept.* from ledger_sums as kept
        where kept_up_to is not null and kept.month between ledger_totals.first_month and ledger_totals.last_month
        union all
        select
            date_trunc('month', local_time(moved.at, ledger_totals.since, ledger_totals.seconds))::date, moved.circle_id,
            moved.kind, moved.currency, 1, moved.gross, moved.refund, moved.fee, moved.payout, moved.paid_out, moved.income,
            moved.owed, moved.passes_sold, moved.stripe, moved.bank, moved.cash, moved.unknown
        from ledger_movements as moved
        where moved.at >= ledger_totals.begins and moved.at < ledger_totals.ends and moved.id > coalesce(kept_up_to, 0)
    ) as sums
    group by sums.month, sums.circle_id, sums.kind, sums.currency;
end
$$;
