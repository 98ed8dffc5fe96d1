-- Money: what was asked of Stripe, what Stripe said, and what moved. A booking is known here by its id alone.

create table checkouts (
    id uuid primary key default gen_random_uuid(),
    booking_id uuid not null,
    amount integer not null,
    currency text not null,
    state text not null default 'asked',
    stripe_id text,
    payment_intent text,
    url text,
    expires_at timestamptz not null,
    looked_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    constraint checkout_once_per_booking unique (booking_id),
    constraint checkout_stripe_id_once unique (stripe_id),
    constraint checkout_amount_positive check (amount > 0),
    constraint checkout_state_known check (state in ('asked', 'open', 'paid', 'expired', 'failed')),
    constraint checkout_open_has_stripe_id check (state in ('asked', 'failed') or stripe_id is not null)
);
create index checkouts_pending on checkouts (expires_at) where state in ('asked', 'open');

-- Every call that moves money, written before the call with the words of the request, and with the one key that
-- all its tries share. Only a try that Stripe refused outright, so that nothing moved, is followed by a new key.
create table operations (
    id uuid primary key default gen_random_uuid(),
    kind text not null,
    booking_id uuid not null,
    checkout_id uuid not null references checkouts (id),
    idempotency_key text not null,
    amount integer not null default 0,
    state text not null default 'due',
    stripe_id text,
    request jsonb,
    called_at timestamptz,
    again_at timestamptz default now() + interval '3 minutes',
    tries smallint not null default 0,
    fault text not null default '',
    reason text not null default '',
    created_at timestamptz not null default now(),
    done_at timestamptz,
    constraint operation_key_once unique (idempotency_key),
    constraint operation_kind_known check (kind in ('create_checkout', 'refund')),
    constraint operation_state_known check (state in ('due', 'done', 'failed')),
    constraint operation_done_has_time check ((state = 'done') = (done_at is not null)),
    constraint refund_has_amount check (kind <> 'refund' or amount > 0),
    constraint operation_called_with_words check (called_at is null or request is not null)
);
create index operations_due on operations (created_at) where state <> 'done';
create index operations_booking on operations (booking_id);

-- The ledger: what arrived (positive), what went back (negative), and what came back to us because a bank would
-- not take a refund (positive). A correction is a new row.
create table money_rows (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    booking_id uuid not null,
    checkout_id uuid not null references checkouts (id),
    kind text not null,
    amount integer not null,
    currency text not null,
    stripe_id text not null,
    constraint money_kind_known check (kind in ('payment', 'refund', 'refund_returned')),
    constraint money_sign check (amount <> 0 and (kind = 'refund') = (amount < 0)),
    constraint money_once unique (kind, stripe_id)
);
create index money_rows_booking on money_rows (booking_id);
create trigger money_rows_append_only before update or delete on money_rows
for each row execute function refuse_change();

-- What Stripe's webhook told, each event once.
create table stripe_events (
    id text primary key,
    type text not null,
    object_id text not null,
    received_at timestamptz not null default now()
);

-- The practice look-alike of Stripe keeps its state here. Empty in production.
create table practice_objects (
    id text primary key,
    kind text not null,
    body jsonb not null,
    created_at timestamptz not null default clock_timestamp()
);
create index practice_objects_kind on practice_objects (kind, created_at desc);
create table practice_keys (
    key text primary key,
    request_sha256 bytea not null,
    status smallint not null,
    answer jsonb not null,
    created_at timestamptz not null default now()
);
