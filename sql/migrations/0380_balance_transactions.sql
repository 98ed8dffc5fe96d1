-- What Stripe's own books say of our account: balance transactions and payouts, kept as they were read.

-- The look-alike: in which payout a balance transaction went out, which Stripe never says of the transaction itself.
alter table practice_objects add column payout text;
-- Charges and refunds that have no balance transaction yet: those of the version before, and of a new demo community.
-- squawk-ignore require-concurrent-index-creation
create index practice_objects_unbooked on practice_objects (created_at)
where kind in ('charge', 'refund') and body ->> 'balance_transaction' is null;

-- A balance transaction as Stripe says it. amount, fee, net: minor units of currency, which is that of our balance and not always
-- that of the payment; source_amount and source_currency are what its source says itself. payout_id: the payout in which it went
-- out, once Stripe says so. checkout_id: the payment of ours that it is of.
-- place: what it is in the ledger; null: nobody has placed it yet. own_amount: what of its amount our own rows account for.
create table balance_transactions (
    id text primary key,
    type text not null,
    category text not null default '',
    amount bigint not null,
    fee bigint not null default 0,
    net bigint not null,
    currency text not null,
    source_id text not null default '',
    charge_id text not null default '',
    payment_intent text not null default '',
    source_amount bigint,
    source_currency text not null default '',
    made_at timestamptz not null,
    available_at timestamptz not null,
    payout_id text,
    checkout_id uuid references checkouts (id),
    place text,
    own_amount bigint not null default 0,
    placed_at timestamptz,
    read_at timestamptz not null default now(),
    constraint transaction_net_is_amount_less_fee check (net = amount - fee),
    constraint transaction_currency_form check (currency ~ '^[A-Z]{3}$'),
    constraint transaction_place_is_a_word check (place ~ '^[a-z_]+$'),
    constraint transaction_placed_with_time check ((place is not null) = (placed_at is not null))
);
create index balance_transactions_made on balance_transactions (made_at, id);
create index balance_transactions_source on balance_transactions (source_id) where source_id <> '';
create index balance_transactions_payment on balance_transactions (payment_intent) where payment_intent <> '';
create index balance_transactions_checkout on balance_transactions (checkout_id) where checkout_id is not null;
create index balance_transactions_payout on balance_transactions (payout_id, made_at, id) where payout_id is not null;
create index balance_transactions_unplaced on balance_transactions (made_at) where place is null;

-- A payout as Stripe says it. amount: minor units. state: Stripe's own word. transaction_id: the balance transaction by which it
-- left, failure_transaction_id: the one by which it came back. contents_read_at: when all that is inside it was read; of a payout
-- that somebody made by hand Stripe does not say what is inside.
create table payouts (
    id text primary key,
    amount bigint not null,
    currency text not null,
    state text not null,
    is_automatic boolean not null,
    made_at timestamptz not null,
    arrives_at timestamptz not null,
    transaction_id text not null default '',
    failure_transaction_id text not null default '',
    failure text not null default '',
    contents_read_at timestamptz,
    read_at timestamptz not null default now(),
    constraint payout_currency_form check (currency ~ '^[A-Z]{3}$')
);
create index payouts_made on payouts (made_at desc, id);
create index payouts_on_their_way on payouts (read_at) where state in ('pending', 'in_transit');

-- What Stripe kept of each payment, in all its transactions (charge, refunds, disputes), and where the charge went out.
-- fee, net: minor units of currency; null where Stripe counts the payment in several.
create view payment_fees as
select
    checkout_id,
    case when min(currency) = max(currency) then min(currency) end as currency,
    case when min(currency) = max(currency) then sum(fee) end::bigint as fee,
    case when min(currency) = max(currency) then sum(net) end::bigint as net,
    max(id) filter (where type in ('charge', 'payment')) as charge_transaction,
    max(payout_id) filter (where type in ('charge', 'payment')) as payout_id
from balance_transactions
where checkout_id is not null
group by checkout_id;
