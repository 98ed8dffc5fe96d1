-- name: lock_room(id, actor_id)^
-- a gathering for somebody who may open its room, locked, with the checks its circle requires
select
    gatherings.id, gatherings.state, gatherings.starts_at, gatherings.ends_at, gatherings.opened_at,
    circles.asks_co, circles.asks_card, now() as now
from gatherings
join circles on circles.id = gatherings.circle_id
join people as viewer on viewer.id = :actor_id and (viewer.is_facilitator or viewer.is_organizer)
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

-- name: open_room(id, actor_id, checks)!
-- the join link shows from now on to members with a seat
update gatherings set opened_at = now(), opened_by = :actor_id, checks = :checks where id = :id;

-- name: shut_room(id)!
-- the join link is hidden again, and the checks are void
update gatherings set opened_at = null, opened_by = null, checks = '{}' where id = :id;

-- name: checks_of_circle(id, actor_id)^
-- the checks a circle requires before its room opens, for somebody who may change them
select circles.id, circles.name, circles.asks_co, circles.asks_card
from circles
join people as viewer on viewer.id = :actor_id and (viewer.is_facilitator or viewer.is_organizer)
where circles.id = :id and exists (
    select from hosts
    where hosts.circle_id = circles.id and hosts.person_id = viewer.id and hosts.part in ('lead', 'co')
);

-- name: change_checks(id, actor_id, asks_co, asks_card)<!
-- the checks a circle requires from now on
update circles set asks_co = :asks_co, asks_card = :asks_card
where circles.id = :id and exists (
    select from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = circles.id and hosts.person_id = :actor_id and hosts.part in ('lead', 'co')
        and (people.is_facilitator or people.is_organizer)
)
returning circles.id;
