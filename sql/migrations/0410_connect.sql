-- Stripe Connect: the accounts of facilitators at Stripe, the parts of payments that go there, and what moved.

-- An account at Stripe that a person connects. request, idempotency_key: of the call that creates it, stored before that call; its id is
-- in the account's metadata. country, currency and what follows: as Stripe said last. transfers: the state of that capability. due: the
-- names of what Stripe still asks for, never what was answered. restricted_at: since when an account that got payments gets none;
-- its person was told then. ended_because: a word.
create table connect_accounts (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id),
    idempotency_key text not null,
    request jsonb not null,
    called_at timestamptz not null default now(),
    stripe_id text,
    country text not null default '',
    currency text not null default '',
    charges_enabled boolean not null default false,
    payouts_enabled boolean not null default false,
    details_submitted boolean not null default false,
    transfers text not null default '',
    due text [] not null default '{}',
    disabled_reason text not null default '',
    read_at timestamptz not null default now(),
    active_at timestamptz,
    restricted_at timestamptz,
    ended_at timestamptz,
    ended_because text not null default '',
    created_at timestamptz not null default now(),
    is_active boolean not null generated always as (
        ended_at is null and stripe_id is not null and details_submitted and payouts_enabled and transfers = 'active'
    ) stored,
    constraint account_key_once unique (idempotency_key),
    constraint account_stripe_id_once unique (stripe_id),
    constraint account_ended_because check ((ended_at is not null) = (ended_because <> ''))
);
create unique index connect_account_once_per_person on connect_accounts (person_id) where ended_at is null;
create index connect_accounts_person on connect_accounts (person_id);
create index connect_accounts_to_read on connect_accounts (read_at) where ended_at is null;

-- Two accounts of the site become one person's: one account at Stripe goes on, that of the account that is kept.
create function end_second_account() returns trigger language plpgsql as $$
begin
    if new.ended_at is null and exists (
        select from connect_accounts as other
        where other.person_id = new.person_id and other.id <> new.id and other.ended_at is null
    ) then
        new.ended_at := now();
        new.ended_because := 'joined';
    end if;
    return new;
end
$$;
create trigger connect_accounts_joined before update of person_id on connect_accounts
for each row when (new.person_id is distinct from old.person_id) execute function end_second_account();

-- A checkout of which a part was asked to go to a connected account. amount: that part, minor units. given_up_at: Stripe would not open
-- it so, and it was asked for without a part. settle_at: when what went there is compared with what should have, next; null: it was.
-- differs: where Stripe's answer is another than what was asked.
create table connected_payments (
    checkout_id uuid primary key references checkouts (id),
    account_id uuid not null references connect_accounts (id),
    amount integer not null,
    currency text not null,
    given_up_at timestamptz,
    settle_at timestamptz,
    read_at timestamptz,
    fault text not null default '',
    differs jsonb not null default '{}',
    seen_at timestamptz,
    seen_by uuid references people (id),
    created_at timestamptz not null default now(),
    constraint connected_payment_amount_positive check (amount > 0)
);
create index connected_payments_account on connected_payments (account_id);
create index connected_payments_to_settle on connected_payments (settle_at) where settle_at is not null;
create index connected_payments_that_differ on connected_payments (created_at) where differs <> '{}' and seen_at is null;
create index connected_payments_seen_by on connected_payments (seen_by) where seen_by is not null;

-- Money of such a payment moved: what its account has is compared with what it should have.
create function settle_connected_payment() returns trigger language plpgsql as $$
begin
    update connected_payments set settle_at = clock_timestamp()
    where checkout_id = new.checkout_id and given_up_at is null;
    return null;
end
$$;
create trigger money_rows_settle_connected after insert on money_rows
for each row execute function settle_connected_payment();

-- What went to connected accounts (kind transfer, positive) and came back (reversal, negative), as Stripe reported it; never changed.
-- transfer_id: at Stripe, of the transfer itself or of the one that came back. account_id: null where it went to an account that this
-- site does not know. at: when it moved.
create table transfer_rows (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    recorded_at timestamptz not null default clock_timestamp(),
    checkout_id uuid not null references checkouts (id),
    account_id uuid references connect_accounts (id),
    kind text not null,
    amount integer not null,
    currency text not null,
    stripe_id text not null,
    transfer_id text not null,
    constraint transfer_kind_known check (kind in ('transfer', 'reversal')),
    constraint transfer_sign check (amount <> 0 and (kind = 'transfer') = (amount > 0)),
    constraint transfer_once unique (stripe_id)
);
create index transfer_rows_checkout on transfer_rows (checkout_id);
create index transfer_rows_account on transfer_rows (account_id);
create index transfer_rows_transfer on transfer_rows (transfer_id);
create trigger transfer_rows_append_only before update or delete on transfer_rows
for each row execute function refuse_change();

-- Calls of our own that bring back a part of what went to an account (reverse), or send it once more after a dispute was won (transfer);
-- stored before the call. again_at: when the next try is due; null in state failed: a person decides.
create table connect_operations (
    id uuid primary key,
    kind text not null,
    checkout_id uuid not null references checkouts (id),
    transfer_id text not null default '',
    amount integer not null,
    request jsonb not null,
    idempotency_key text not null,
    state text not null default 'due',
    stripe_id text,
    fault text not null default '',
    tries smallint not null default 0,
    called_at timestamptz,
    again_at timestamptz default now(),
    created_at timestamptz not null default now(),
    done_at timestamptz,
    settled_at timestamptz,
    settled_by uuid references people (id),
    settled_reason text not null default '',
    constraint connect_operation_key_once unique (idempotency_key),
    constraint connect_operation_kind_known check (kind in ('reverse', 'transfer')),
    constraint connect_operation_state_known check (state in ('due', 'done', 'failed')),
    constraint connect_operation_amount_positive check (amount > 0),
    constraint connect_operation_done_has_time check ((state = 'done') = (done_at is not null)),
    constraint connect_operation_settled_with_reason check ((settled_at is not null) = (settled_reason <> ''))
);
-- One at a time, so that no second one is made of the same difference.
create unique index connect_operation_open_once on connect_operations (checkout_id) where state <> 'done' and settled_at is null;
create index connect_operations_checkout on connect_operations (checkout_id);
create index connect_operations_open on connect_operations (again_at) where state <> 'done' and settled_at is null;
create index connect_operations_settled_by on connect_operations (settled_by) where settled_by is not null;

-- What went to a facilitator's account is not owed to them any more; what came back is. At an account that this site does not know it
-- is money that nobody has assigned.
create function post_transfer_row() returns trigger language plpgsql as $$
declare
    owner constant uuid := (select person_id from connect_accounts where id = new.account_id);
    line checkout_lines;
    circle uuid;
begin
    select lines.* into line from checkout_lines as lines where lines.checkout_id = new.checkout_id order by lines.position limit 1;
    select coalesce(gatherings.circle_id, passes.circle_id) into circle
    from (values (line.booking_id, line.pass_id)) as given (booking_id, pass_id)
    left join bookings on bookings.id = given.booking_id
    left join gatherings on gatherings.id = bookings.gathering_id
    left join passes on passes.id = given.pass_id;
    perform post_entry(
        new.kind, new.id::text, new.currency, circle, line.booking_id,
        array[case when owner is null then 'unknown' else 'facilitators' end, 'stripe'], array[owner, null],
        array[new.amount, - new.amount], new.at, line.pass_id
    );
    return null;
end
$$;
create trigger transfer_rows_post after insert on transfer_rows
for each row execute function post_transfer_row();
