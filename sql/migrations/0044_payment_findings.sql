-- What Stripe answers is compared with what was asked.

-- What differed, for a person to look into. kind: differs (our own checkout, answered otherwise than it was asked for),
-- foreign (money at a checkout that we did not create and that names a booking of ours), unknown (our checkout, of which
-- Stripe knows nothing: keys or account changed). amount: the money that came, in minor units of currency, 0 for none.
-- expected, answered: the values that differ, by name. Settled by a person, with a reason.
create table payment_findings (
    id uuid primary key default gen_random_uuid(),
    kind text not null,
    booking_id uuid not null references bookings (id),
    stripe_id text not null,
    payment_intent text not null default '',
    amount integer not null default 0,
    currency text not null default '',
    expected jsonb not null default '{}',
    answered jsonb not null default '{}',
    created_at timestamptz not null default now(),
    settled_at timestamptz,
    settled_by uuid references people (id),
    settled_reason text not null default '',
    constraint finding_once unique (kind, stripe_id),
    constraint finding_kind_is_a_word check (kind ~ '^[a-z_]+$'),
    constraint finding_amount_not_negative check (amount >= 0),
    constraint finding_settled_with_reason check ((settled_at is not null) = (settled_reason <> ''))
);
create index payment_findings_unsettled on payment_findings (created_at) where settled_at is null;
create index payment_findings_booking on payment_findings (booking_id);
create index payment_findings_settled_by on payment_findings (settled_by);

-- A refund of money that is not in the ledger: it came by a finding. Sums of a booking's refunds count the kind 'refund'
-- alone. A finding may be of a booking that has no checkout.
alter table operations add column finding_id uuid;
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table operations add constraint operation_has_finding foreign key (finding_id) references payment_findings (id);
-- squawk-ignore ban-drop-not-null
alter table operations alter column checkout_id drop not null;
-- squawk-ignore ban-drop-constraint
alter table operations drop constraint operation_kind_known;
-- squawk-ignore constraint-missing-not-valid
alter table operations add constraint operation_kind_known check (
    kind in ('create_checkout', 'refund', 'refund_finding')
);
-- squawk-ignore constraint-missing-not-valid
alter table operations add constraint refund_of_finding_names_it check (
    (kind = 'refund_finding') = (finding_id is not null) and (kind = 'refund_finding' or checkout_id is not null)
);
-- squawk-ignore require-concurrent-index-creation
create unique index operations_finding on operations (finding_id);

-- pending_at: since when a checkout is complete and its money on the way (a bank's debit takes days): the seat is held
-- until it is decided. page_asks, page_asked_at: how often its booking's pages had Stripe asked, and when last.
alter table checkouts add column pending_at timestamptz;
alter table checkouts add column page_asks smallint not null default 0;
alter table checkouts add column page_asked_at timestamptz;

-- Faults that the look-alike of Stripe is to make, each `times` times. target: the name of a call ("create_checkout"),
-- '*' for any call, or 'webhook:' with the type of an event or '*'. fault: for calls 401, 403, 409, 429, 500, timeout, hang;
-- for webhooks lost, doubled, slow, reordered (sent after the next one). after_effect: the call is carried out and its
-- answer lost. seconds: how long it hangs, or how late the webhook is.
create table practice_faults (
    id bigint generated always as identity primary key,
    target text not null,
    fault text not null,
    times integer not null default 1,
    seconds integer not null default 0,
    after_effect boolean not null default false,
    created_at timestamptz not null default now(),
    constraint practice_fault_known check (
        fault in (
            '401', '403', '409', '429', '500', 'timeout', 'hang', 'lost', 'doubled', 'slow', 'reordered'
        )
    ),
    constraint practice_fault_times check (times >= 0),
    constraint practice_fault_seconds check (seconds >= 0)
);
