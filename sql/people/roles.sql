-- name: count_people(part, most)$
-- how many people have a role, or how many there are, counted up to `most`
select (select count(*) from (select from people where :part::text = '' and merged_into is null limit :most) as everybody)
    + (select count(*) from (select from people where :part = 'facilitator' and is_facilitator limit :most) as facilitators)
    + (select count(*) from (select from people where :part = 'organizer' and is_organizer limit :most) as organizers);

-- name: list_people(part, after, limit, offset)
-- one page of the people who have a role, or of everybody, by name; after: the last person of the page before. A query for
-- each role, so that each reads an index in its order
with start as (
    select coalesce(max(name_key), '') as name_key, coalesce(max(email), '') as email from people where id = :after
)

select
    people.id, people.email, people.name, people.pronouns, people.zone, people.clock_hours, people.clock_chosen,
    people.is_facilitator, people.is_organizer,
    coalesce(unreached_addresses.because, '') as unreached, unreached_addresses.since as unreached_since
from (
    (
        select id from people
        where :part::text = '' and merged_into is null and (name_key, email) > ((select name_key from start), (select email from start))
        order by name_key, email limit :limit offset :offset
    )
    union all
    (
        select id from people
        where :part = 'facilitator' and is_facilitator
            and (name_key, email) > ((select name_key from start), (select email from start))
        order by name_key, email limit :limit offset :offset
    )
    union all
    (
        select id from people
        where :part = 'organizer' and is_organizer
            and (name_key, email) > ((select name_key from start), (select email from start))
        order by name_key, email limit :limit offset :offset
    )
) as page
join people on people.id = page.id
left join unreached_addresses on unreached_addresses.address = people.email
order by people.name_key, people.email;

-- name: find_people(text, part, most, limit, offset)
-- one page of the people with a part of a name or an address, by name, and their count; of more than `most`, any of them
with matching as materialized (
    select id, name_key, email
    from people
    where (
        (
            pieces(name_key || ' ' || email) @> pieces_of_part(nullif(name_key(:text), ''))
            and (length(name_key(:text)) < 3 or strpos(name_key, name_key(:text)) > 0)
        )
        or (
            pieces(name_key || ' ' || email) @> pieces_of_part(lower(:text))
            and (length(:text) < 3 or strpos(email, lower(:text)) > 0)
        )
    )
    and merged_into is null
    and case :part::text when 'facilitator' then is_facilitator when 'organizer' then is_organizer else true end
    limit :most
)

select
    people.id, people.email, people.name, people.pronouns, people.zone, people.clock_hours, people.clock_chosen,
    people.is_facilitator, people.is_organizer,
    coalesce(unreached_addresses.because, '') as unreached, unreached_addresses.since as unreached_since,
    (select count(*) from matching) as total
from (
    select id from matching order by name_key, email limit :limit
    -- a page beyond the last one is the last one
    offset least(:offset, (greatest((select count(*) from matching), 1) - 1) / :limit * :limit)
) as page
join people on people.id = page.id
left join unreached_addresses on unreached_addresses.address = people.email
order by people.name_key, people.email;

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
