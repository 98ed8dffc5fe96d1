-- How often somebody was reminded that the time of their pass ends, and what a booking's form reads of passes.

alter table passes add column reminded smallint not null default 0;

-- The pass that somebody can use for a gathering, the one that ends first. Few people have one, so this is a look-up that finds nothing.
-- squawk-ignore require-concurrent-index-creation
create index passes_usable on passes (person_id, circle_id, valid_until) where state = 'active';
