-- Payments that a bank decides days later, and money that a person judges right.

-- debit_failed_at: when a payment that was under way (a bank's debit) failed, or a person gave up waiting for it.
alter table checkouts add column debit_failed_at timestamptz;
-- gave_seat: the person who settled it gave the seat for its money.
alter table payment_findings add column gave_seat boolean not null default false;

-- Both are few: what is under way, and what failed lately.
-- squawk-ignore require-concurrent-index-creation
create index checkouts_under_way on checkouts (pending_at) where pending_at is not null;
-- squawk-ignore require-concurrent-index-creation
create index checkouts_debit_failed on checkouts (debit_failed_at) where debit_failed_at is not null;

-- One more cause, payment_failed, beside those that the constraint knows, whichever migration named them last.
do $$
declare
    known text := (
        select pg_get_expr(conbin, conrelid) from pg_constraint
        where conname = 'booking_end_cause_known' and conrelid = 'bookings'::regclass
    );
begin
    alter table bookings drop constraint booking_end_cause_known;
    execute format(
        'alter table bookings add constraint booking_end_cause_known check ((%s) or end_cause = %L)',
        known, 'payment_failed'
    );
end
$$;
