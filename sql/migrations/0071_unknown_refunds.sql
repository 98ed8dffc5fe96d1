-- Refunds that wait for a person, and those that are tried again by themselves; see 0049. One on its way of which Stripe knows
-- nothing (keys or account changed) waits for a person too.
create or replace view waiting_refunds as
select
    operations.id, operations.kind, operations.booking_id, operations.checkout_id, operations.finding_id,
    operations.state, operations.amount - operations.covered as amount, operations.fault, operations.reason,
    operations.tries, operations.again_at, operations.sent_at, operations.created_at,
    operations.state = 'failed' and operations.again_at is null
    or operations.state = 'due' and (
        operations.fault in ('key_rejected', 'right_missing') or operations.created_at < now() - interval '1 hour'
    )
    or operations.state = 'sent' as is_stuck
from operations
where operations.kind in ('refund', 'refund_finding') and operations.settled_at is null and (
    operations.state = 'failed'
    or operations.state = 'due' and (operations.fault <> '' or operations.created_at < now() - interval '1 hour')
    or operations.state = 'sent' and (operations.fault <> '' or operations.sent_at < now() - interval '14 days')
);
