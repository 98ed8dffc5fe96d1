-- Balance transactions in the ledger, and reconciliation: runs, what Stripe's balance was, and what differs.

-- reference: the checkout or booking that the metadata of a transaction's source names, which proves nothing. own_key: which movement
-- of our own it is; see own_movement. postings: how often it was posted to the ledger.
alter table balance_transactions add column reference uuid;
alter table balance_transactions add column own_key text;
alter table balance_transactions add column postings smallint not null default 0;
-- One movement of ours is one at Stripe.
-- squawk-ignore require-concurrent-index-creation
create unique index transaction_places_once on balance_transactions (place, own_key) where own_key is not null;
-- What was placed without a movement of ours may turn out to be ours: money of a finding, what a person settled, and a refund that was
-- undone (it failed before it was known here).
-- squawk-ignore require-concurrent-index-creation
create index balance_transactions_to_place on balance_transactions (made_at)
where place is null or place in ('finding', 'settled', 'undone');

-- Money rows by time.
-- squawk-ignore require-concurrent-index-creation
create index money_rows_at on money_rows (at);

-- What a balance transaction is of, by Stripe's types (docs.stripe.com/reports/balance-transaction-types): a kind of money_rows, or one
-- of its own; 'other' for what has no counterpart here.
create function movement_of(type text, category text, source text, amount bigint) returns text
language sql immutable strict parallel safe
return case
    when type in ('charge', 'payment') then 'payment'
    when type in ('refund', 'payment_refund') then 'refund'
    when type = 'refund_failure' then 'refund_returned'
    when type = 'adjustment' and (category in ('dispute', 'dispute_reversal') or source ~ '^(du|dp)_')
        then case when amount < 0 then 'dispute' else 'dispute_returned' end
    when type = 'payout' then 'payout'
    when type in ('payout_failure', 'payout_cancel') then 'payout_returned'
    when type in ('stripe_fee', 'stripe_fx_fee', 'tax_fee') then 'stripe_fee'
    when type in ('transfer', 'transfer_refund', 'transfer_failure', 'transfer_cancel') then 'transfer'
    else 'other'
end;

-- Which movement of our own a transaction would be: a payment by its checkout, a refund by Stripe's id of it, a dispute's by the
-- transaction itself, as money_rows names them before the number of a share.
create function own_key_of(movement text, id text, source text, checkout uuid) returns text
language sql immutable parallel safe
return case movement
    when 'payment' then checkout::text
    when 'refund' then source
    when 'refund_returned' then source
    when 'dispute' then id
    when 'dispute_returned' then id
    when 'transfer' then source
end;

-- What our own rows say of one movement: amount in minor units of currency, and how many rows there are. Of a payment of several
-- bookings all shares together; a transfer to a connected account takes from what Stripe holds.
create function own_movement(
    movement text, key text, checkout uuid, out amount bigint, out currency text, out parts bigint
) language plpgsql stable parallel safe as $$
begin
    if movement = 'transfer' then
        select coalesce(- sum(rows.amount), 0), min(rows.currency), count(*) into amount, currency, parts
        from transfer_rows as rows where rows.stripe_id = key;
        return;
    end if;
    select coalesce(sum(rows.amount), 0), min(rows.currency), count(*) into amount, currency, parts
    from money_rows as rows
    where rows.checkout_id = checkout and rows.kind = movement
        and (rows.kind = 'payment' or split_part(rows.stripe_id, ':', 1) = key);
end
$$;

-- What a placed transaction adds to each account beside what our own rows post: fees as Stripe kept them, the bank for payouts, and
-- whatever of its amount nothing of ours accounts for is money of which nobody knows whose it is.
create function postings_of(
    place text, amount bigint, fee bigint, own bigint, out fees bigint, out bank bigint, out unassigned bigint
) language sql immutable parallel safe
return (
    case when place in ('finding', 'settled') or place is null then 0 when place = 'stripe_fee' then fee - amount else fee end,
    case when place in ('payout', 'payout_returned') then - amount else 0 end,
    case
        when place is null or place in ('payout', 'payout_returned', 'stripe_fee') then 0
        when place in ('finding', 'settled') then own - amount + fee
        else own - amount
    end
);

create function count_postings() returns trigger language plpgsql as $$
begin
    if new.place is not null and (
        tg_op = 'INSERT' or (new.place, new.own_amount) is distinct from (old.place, old.own_amount)
    ) then
        new.postings := new.postings + 1;
    end if;
    return new;
end
$$;
create trigger balance_transactions_count_postings before insert or update of place, own_amount on balance_transactions
for each row execute function count_postings();

-- A transaction that was placed, or placed anew, is posted with what differs from before. The fee of a payment of several bookings is
-- divided among them by what each cost.
create function post_transaction() returns trigger language plpgsql as $$
declare
    fees bigint;
    bank bigint;
    unassigned bigint;
    before record;
    source constant text := new.id || case when new.postings > 1 then '@' || new.postings else '' end;
    share record;
begin
    select after.fees, after.bank, after.unassigned into fees, bank, unassigned
    from postings_of(new.place, new.amount, new.fee, new.own_amount) as after;
    if tg_op = 'UPDATE' then
        select * into before from postings_of(old.place, old.amount, old.fee, old.own_amount);
        fees := fees - before.fees;
        bank := bank - before.bank;
        unassigned := unassigned - before.unassigned;
    end if;
    for share in
        select
            row_number() over (order by parts.id) as number, parts.circle_id, parts.booking_id, parts.pass_id,
            round(fees * parts.until / parts.whole) - round(fees * (parts.until - parts.amount) / parts.whole) as fee
        from (
            select
                money_rows.id, money_rows.amount::numeric, entries.circle_id, entries.booking_id, entries.pass_id,
                sum(money_rows.amount) over (order by money_rows.id)::numeric as until,
                sum(money_rows.amount) over ()::numeric as whole
            from money_rows
            left join ledger_entries as entries on entries.kind = 'payment' and entries.source = money_rows.id::text
            where money_rows.checkout_id = new.checkout_id and money_rows.kind = 'payment' and fees <> 0
        ) as parts
        order by parts.id
    loop
        perform post_entry(
            'fee', source || case when share.number > 1 then ':' || share.number else '' end, new.currency, share.circle_id,
            share.booking_id, array['fees', 'stripe'], array[null, null]::uuid [],
            array[share.fee, - share.fee]::bigint [], new.made_at, share.pass_id
        );
        fees := fees - share.fee;
    end loop;
    perform post_entry(
        'fee', source || case when share.number is not null then ':rest' else '' end, new.currency, null, null,
        array['fees', 'stripe'], array[null, null]::uuid [], array[fees, - fees], new.made_at
    );
    perform post_entry(
        coalesce(new.place, old.place), source, new.currency, null, null, array['bank', 'stripe'], array[null, null]::uuid [],
        array[bank, - bank], new.made_at
    );
    perform post_entry(
        'unassigned', source, new.currency, null, null, array['unknown', 'stripe'], array[null, null]::uuid [],
        array[unassigned, - unassigned], new.made_at
    );
    return null;
end
$$;
create trigger balance_transactions_post after insert or update of place, own_amount on balance_transactions
for each row execute function post_transaction();

-- A run compares what our rows and Stripe's say of a time. asked_by: timetable, command or person. beat_at: when its process was last
-- known to work; one that stopped beating was left, and another takes its place. transactions: of Stripe's, read in this run.
create table reconciliation_runs (
    id bigint generated always as identity primary key,
    asked_by text not null,
    since timestamptz not null,
    until timestamptz not null,
    began_at timestamptz not null default now(),
    beat_at timestamptz not null default now(),
    ended_at timestamptz,
    outcome text not null default '',
    transactions integer not null default 0,
    mended integer not null default 0,
    constraint run_compares_a_time check (since < until),
    constraint run_asked_by_a_word check (asked_by ~ '^[a-z_]+$'),
    constraint run_outcome_a_word check (outcome ~ '^[a-z_]*$')
);
-- One at a time.
create unique index reconciliation_one_run on reconciliation_runs ((true)) where ended_at is null;
create index reconciliation_runs_ended on reconciliation_runs (ended_at desc) where ended_at is not null;

-- What was so at the end of a run, by currency, in minor units: stripe, the balance that Stripe says; listed, the sum of all its
-- transactions that were read; ledger, what our ledger says that Stripe holds.
create table reconciliation_balances (
    run_id bigint not null references reconciliation_runs (id) on delete cascade,
    currency text not null,
    stripe bigint not null,
    listed bigint not null,
    ledger bigint not null,
    primary key (run_id, currency)
);

-- What differs, each once. about: an id at Stripe or of ours; transaction_id, checkout_id, payout_id: what it is of, where that is known.
-- ours, stripe: what each side says, in minor units of currency; null: nothing. ended: mended (had one right answer), gone (holds no
-- longer), settled (by a person, with a reason). posted: what its settling added to what the ledger says that Stripe holds.
create table reconciliation_differences (
    id uuid primary key default gen_random_uuid(),
    kind text not null,
    about text not null,
    transaction_id text,
    checkout_id uuid references checkouts (id),
    payout_id text,
    currency text not null,
    ours bigint,
    stripe bigint,
    other_currency text not null default '',
    at timestamptz not null,
    found_at timestamptz not null default now(),
    ended_at timestamptz,
    ended text,
    settled_by uuid references people (id),
    reason text not null default '',
    posted bigint not null default 0,
    postings smallint not null default 0,
    constraint difference_once unique (kind, about),
    constraint difference_kind_is_a_word check (kind ~ '^[a-z_]+$'),
    constraint difference_ended_somehow check ((ended_at is not null) = (ended is not null)),
    constraint difference_end_known check (ended in ('mended', 'gone', 'settled')),
    constraint difference_settled_with_reason check ((ended = 'settled') is not true or reason <> '')
);
create index reconciliation_differences_open on reconciliation_differences (at) where ended_at is null;
create index reconciliation_differences_ended on reconciliation_differences (ended_at desc) where ended_at is not null;
create index reconciliation_differences_checkout on reconciliation_differences (checkout_id) where checkout_id is not null;
create index reconciliation_differences_transaction on reconciliation_differences (transaction_id)
where transaction_id is not null;
create index reconciliation_differences_settled_by on reconciliation_differences (settled_by) where settled_by is not null;

create function count_difference_postings() returns trigger language plpgsql as $$
begin
    new.postings := new.postings + 1;
    return new;
end
$$;
create trigger differences_count_postings before update of posted on reconciliation_differences
for each row when (new.posted <> old.posted) execute function count_difference_postings();

-- Money that our rows have and Stripe does not, or that Stripe has from before anything was read, is of nobody known once a person
-- settled it so; what holds no longer is taken back.
create function post_difference() returns trigger language plpgsql as $$
begin
    perform post_entry(
        'unassigned', new.id || case when new.postings > 1 then '@' || new.postings else '' end, new.currency, null, null,
        array['stripe', 'unknown'], array[null, null]::uuid [], array[new.posted - old.posted, old.posted - new.posted]
    );
    return null;
end
$$;
create trigger differences_post after update of posted on reconciliation_differences
for each row when (new.posted <> old.posted) execute function post_difference();
