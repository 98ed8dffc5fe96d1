-- A calendar may read a seat before its first mail, when it has no row in invites yet: changes of its gathering until then
-- are counted here, and the invite counts on from them.
alter table bookings add column early_sequence integer not null default 0;
alter table bookings add column early_changed_at timestamptz;
