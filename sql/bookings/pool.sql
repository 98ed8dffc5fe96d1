-- name: tied()
-- the circles that tie their community seats to their pool
select id as circle_id from circles where pool_tied;

-- name: lock_circle(circle_id)^
-- a circle, locked before its gatherings, with what decides whether its pool carries another community seat
select id, suggested, pool_tied, pool_empty_since, clock_timestamp() as now from circles
where id = :circle_id for no key update;

-- name: balance(circle_id)$
-- what the pool of a circle holds, in minor units of its currency
select pool_balance(:circle_id);

-- name: set_empty(circle_id, is_empty)!
-- whether the pool of a circle carries another community seat, since when it does not
update circles set pool_empty_since = case when :is_empty::boolean then coalesce(pool_empty_since, clock_timestamp()) end,
    version = version + 1
where id = :circle_id;

-- name: lock_ahead(circle_id)
-- the gatherings of a circle that have not begun and have community seats left, locked in the order of their ids
select id from gatherings
where circle_id = :circle_id and starts_at > now() and community_seats > community_taken
order by id for no key update;

-- name: lock_holding_back(circle_id)
-- the gatherings of a circle that hold community seats back, locked in the order of their ids
select id from gatherings where circle_id = :circle_id and community_planned is not null
order by id for no key update;

-- name: hold_back(ids)!
-- gatherings have no community seat left but those that are taken
update gatherings
set community_planned = coalesce(community_planned, community_seats), community_seats = community_taken, version = version + 1
where id = any(:ids::uuid []) and community_seats > community_taken;

-- name: give_back(ids)!
-- gatherings have the community seats again that were held back
update gatherings
set community_seats = greatest(community_planned, community_taken), community_planned = null, version = version + 1
where id = any(:ids::uuid []) and community_planned is not null;

-- name: of_month(since, until, after_id, most)
-- what came into and went out of the pool with the gatherings of some months, by circle and currency, by name
select
    circles.id, circles.name, circles.pool_tied, circles.pool_empty_since, sums.currency, sums.paid_in,
    sums.given, sums.below
from (
    select
        gatherings.circle_id, pool_entries.currency, sum(pool_entries.paid_in)::bigint as paid_in,
        coalesce(sum(pool_entries.drawn) filter (where pool_entries.kind = 'community'), 0)::bigint as given,
        coalesce(sum(pool_entries.drawn) filter (where pool_entries.kind <> 'community'), 0)::bigint as below
    from gatherings
    cross join lateral (select * from pool_entries where pool_entries.gathering_id = gatherings.id offset 0) as pool_entries
    where gatherings.starts_at >= :since::date - 2 and gatherings.starts_at < :until::date + 3
        and gatherings.wall_start >= :since::date and gatherings.wall_start < :until::date and gatherings.state = 'open'
    group by gatherings.circle_id, pool_entries.currency
) as sums join circles on circles.id = sums.circle_id
where (
        :after_id::uuid is null
        or (circles.name_key, circles.id) > (select before.name_key, before.id from circles as before where before.id = :after_id)
    )
    and (sums.paid_in > 0 or sums.given > 0 or sums.below > 0)
order by circles.name_key, circles.id, sums.currency
limit :most;

-- name: of_circle(circle_id)
-- the same of one circle, month by month, the latest first
select
    date_trunc('month', gatherings.wall_start)::date as month, pool_entries.currency,
    sum(pool_entries.paid_in)::bigint as paid_in,
    coalesce(sum(pool_entries.drawn) filter (where pool_entries.kind = 'community'), 0)::bigint as given,
    coalesce(sum(pool_entries.drawn) filter (where pool_entries.kind <> 'community'), 0)::bigint as below
from gatherings
cross join lateral (select * from pool_entries where pool_entries.gathering_id = gatherings.id offset 0) as pool_entries
where gatherings.circle_id = :circle_id and gatherings.state = 'open'
group by 1, 2
order by 1 desc, 2;

-- name: circle(circle_id)^
-- a circle for the page of its pool
select id, name, pool_tied, pool_empty_since is not null as is_empty from circles where id = :circle_id;
