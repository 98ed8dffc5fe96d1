-- A feed's address is derived from the secret of the site. When that changes, the address that calendars subscribed to
-- before goes on working: the hashes of its earlier tokens are kept.

alter table feeds add column former_hashes bytea[] not null default '{}';
-- squawk-ignore require-concurrent-index-creation
create index feeds_former_hashes on feeds using gin (former_hashes);
