-- name: pool_of(id, actor_id)^
-- the pool of a circle for somebody who may change it: what it holds (minor units), how many people paid into it, and whether the
-- community seats are tied to it
select
    circles.id, circles.name, circles.suggested, circles.maximum, circles.pool_tied, circles.pool_empty_since is not null as is_empty,
    pool_balance(circles.id) as balance,
    (
        select count(distinct pool_entries.person_id)
        from gatherings
        cross join lateral (select * from pool_entries where pool_entries.gathering_id = gatherings.id offset 0) as pool_entries
        where gatherings.circle_id = circles.id and pool_entries.paid_in > 0
    ) as givers
from circles join may_act_for(circles.id, :actor_id) as host on host.may_change
where circles.id = :id;

-- name: tie(id, actor_id, tied)$
-- whether a circle ties its community seats to its pool; no row where that is so already, or for who may not change it
update circles set pool_tied = :tied
from may_act_for(:id, :actor_id) as host
where circles.id = :id and host.may_change and circles.pool_tied <> :tied
returning circles.id;
