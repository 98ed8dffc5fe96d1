-- How the look-alike of Stripe lets the next refund begin, for the target 'refund'.
-- squawk-ignore ban-drop-constraint
alter table practice_faults drop constraint practice_fault_known;
alter table practice_faults add constraint practice_fault_known check (
    fault in (
        '401', '403', '409', '429', '500', 'timeout', 'hang', 'lost', 'doubled', 'slow', 'reordered',
        'pending', 'requires_action', 'failed', 'canceled'
    )
);
