-- Refunds and findings that a person settled, the latest first.
-- squawk-ignore require-concurrent-index-creation
create index operations_settled on operations (settled_at desc) where settled_at is not null;
-- squawk-ignore require-concurrent-index-creation
create index payment_findings_settled on payment_findings (settled_at desc) where settled_at is not null;
