-- What reports count of accounts that were joined (0182): their visits are those of the account that is kept. Of two seats at one
-- gathering the second stays with the pointer; whoever came by it came once all the same.
create or replace view register_sources as
select
    bookings.id as source_id, bookings.gathering_id, coalesce(people.merged_into, people.id) as person_id, gatherings.starts_at,
    case when people.merged_into is not null and attendance.mark = 'came' then 'second' else attendance.mark end as mark
from attendance
join bookings on bookings.id = attendance.booking_id and bookings.state = 'confirmed'
join gatherings on gatherings.id = bookings.gathering_id and gatherings.state <> 'cancelled'
join people on people.id = bookings.person_id
union all
select walk_ins.id, walk_ins.gathering_id, coalesce(people.merged_into, people.id), gatherings.starts_at, 'walk_in'
from walk_ins
join gatherings on gatherings.id = walk_ins.gathering_id and gatherings.state <> 'cancelled'
left join people on people.id = walk_ins.person_id
where walk_ins.removed_at is null;

create function keep_facts_of_joined() returns trigger language plpgsql as $$
begin
    perform keep_register_fact(bookings.id) from bookings where bookings.person_id = new.id;
    return null;
end
$$;
create trigger people_keep_facts after update of merged_into on people
for each row when (old.merged_into is distinct from new.merged_into) execute function keep_facts_of_joined();

-- Those that were joined before.
select count(keep_register_fact(bookings.id))
from people join bookings on bookings.person_id = people.id
where people.merged_into is not null;
