-- name: lock_room(id, actor_id)^
-- a gathering for somebody who may open its room, locked, with the checks its circle requires
select
    gatherings.id, gatherings.state, gatherings.starts_at, gatherings.ends_at, gatherings.opened_at,
    circles.asks_co, circles.asks_card, now() as now
from gatherings
join circles on circles.id = gatherings.circle_id
join may_host_gathering(gatherings.id, :actor_id) as host on host.may_change
where gatherings.id = :id
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
join may_host(circles.id, :actor_id) as host on host.may_change
where circles.id = :id;

-- name: change_checks(id, actor_id, asks_co, asks_card)<!
-- the checks a circle requires from now on
update circles set asks_co = :asks_co, asks_card = :asks_card
where circles.id = :id and exists (select from may_host(circles.id, :actor_id) as host where host.may_change)
returning circles.id;
