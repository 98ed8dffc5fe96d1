-- name: lock_room(id, person)^
-- a gathering for somebody who may open its room, locked, with what its circle asks first
select
    gatherings.id, gatherings.state, gatherings.starts_at, gatherings.ends_at, gatherings.opened_at,
    circles.asks_co, circles.asks_card, now() as now
from gatherings
join circles on circles.id = gatherings.circle_id
join people as viewer on viewer.id = :person and (viewer.is_facilitator or viewer.is_organizer)
where gatherings.id = :id and (
    exists (
        select from hosts
        where hosts.circle_id = circles.id and hosts.person_id = viewer.id and hosts.part in ('lead', 'co')
    )
    or exists (
        select from stand_ins where stand_ins.gathering_id = gatherings.id and stand_ins.person_id = viewer.id
    )
)
for update of gatherings;

-- name: open_room(id, who, checks)!
-- the way in shows from now on to those booked
update gatherings set opened_at = now(), opened_by = :who, checks = :checks where id = :id;

-- name: shut_room(id)!
-- the way in is hidden again, and what was checked counts no more
update gatherings set opened_at = null, opened_by = null, checks = '{}' where id = :id;

-- name: asked_of_hosts(id, person)^
-- what a circle asks of its host before a room opens, for one who may change it
select circles.id, circles.name, circles.asks_co, circles.asks_card
from circles
join people as viewer on viewer.id = :person and (viewer.is_facilitator or viewer.is_organizer)
where circles.id = :id and exists (
    select from hosts
    where hosts.circle_id = circles.id and hosts.person_id = viewer.id and hosts.part in ('lead', 'co')
);

-- name: ask_of_hosts(id, person, asks_co, asks_card)<!
-- what a circle asks of its host from now on
update circles set asks_co = :asks_co, asks_card = :asks_card
where circles.id = :id and exists (
    select from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = circles.id and hosts.person_id = :person and hosts.part in ('lead', 'co')
        and (people.is_facilitator or people.is_organizer)
)
returning circles.id;
