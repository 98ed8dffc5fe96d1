-- What the planner knows of large tables, and indexes for what it reads of them.

-- A gathering has 24 seats at most. From a sample of a large table the planner takes a gathering for four times as many
-- bookings, and reads every gathering rather than those of a circle. A share (negative) grows with the table.
alter table bookings alter column gathering_id set (n_distinct = -0.05);
alter table invites alter column gathering_id set (n_distinct = -0.05);
alter table bookings alter column person_id set (n_distinct = -0.2);
alter table operations alter column booking_id set (n_distinct = -0.8);
alter table money_rows alter column booking_id set (n_distinct = -0.9);
alter table sendings alter column booking_id set (n_distinct = -0.9);
alter table events alter column about set (n_distinct = -0.5);

-- Who may lead and stand in, by one small index.
-- squawk-ignore require-concurrent-index-creation
create index people_hosting on people (id) where is_facilitator or is_organizer;

create or replace view orphaned_circles as
select circles.id
from circles
where circles.state <> 'archived' and circles.id not in (
    select hosts.circle_id from hosts
    where hosts.part = 'lead' and hosts.person_id in (
        select people.id from people where people.is_facilitator or people.is_organizer
    )
);

create or replace view orphaned_stand_ins as
with others as materialized (
    select stand_ins.gathering_id, stand_ins.person_id from stand_ins
    where stand_ins.person_id not in (
        select people.id from people where people.is_facilitator or people.is_organizer
    )
)

select others.gathering_id, others.person_id, gatherings.circle_id
from others cross join lateral (
    select circle_id from gatherings
    where gatherings.id = others.gathering_id and gatherings.state = 'open' and gatherings.ends_at > now()
    limit 1
) as gatherings;

-- Therapists by a part of their name, and by their tab in the organizers' list.
-- squawk-ignore require-concurrent-index-creation
create index listings_pieces on listings using gin (pieces(name_key));
-- squawk-ignore require-concurrent-index-creation
create index listings_asked on listings (asked_at, id) where state = 'shown' and asked_at is not null;
-- squawk-ignore require-concurrent-index-creation
create index listings_email on listings (email) where email <> '';

-- The requests of a circle.
-- squawk-ignore require-concurrent-index-creation
create index requests_circle on requests (circle_id, person_id);

-- What Stripe knows an operation by, whatever its kind. The smaller one is a part of it.
-- squawk-ignore require-concurrent-index-creation
create index operations_stripe on operations (stripe_id) where stripe_id is not null;
-- squawk-ignore require-concurrent-index-deletion
drop index operations_stripe_id;
