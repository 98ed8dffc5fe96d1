-- name: count_people(text, role)$
-- how many people match a search
select count(*) from people
where (:text = '' or has_name(name_key, :text) or strpos(email, lower(:text)) > 0)
    and (:role = '' or (:role = 'facilitator' and is_facilitator) or (:role = 'organizer' and is_organizer));

-- name: list_people(text, role, limit, offset)
-- one page of the people who match a search
select
    id, email, name, pronouns, zone, clock_hours, clock_chosen, is_facilitator, is_organizer,
    coalesce(unreached_addresses.because, '') as unreached, unreached_addresses.since as unreached_since
from people left join unreached_addresses on unreached_addresses.address = people.email
where (:text = '' or has_name(name_key, :text) or strpos(email, lower(:text)) > 0)
    and (:role = '' or (:role = 'facilitator' and is_facilitator) or (:role = 'organizer' and is_organizer))
order by name_key, email limit :limit offset :offset;

-- name: organizers()
-- every organizer
select id, email, name, pronouns, zone, clock_hours, clock_chosen, is_facilitator, is_organizer from people
where is_organizer
order by id;

-- name: lock_organizers()
-- every organizer, locked so that two organizers cannot remove each other at once
select id from people where is_organizer order by id for update;

-- name: lock_person(id)^
-- one person, locked
select id, email, name, pronouns, zone, clock_hours, clock_chosen, is_facilitator, is_organizer from people where id = :id for update;

-- name: set_roles(id, is_facilitator, is_organizer)!
-- set the roles of a person
update people set is_facilitator = :is_facilitator, is_organizer = :is_organizer where id = :id;
