-- name: of_community(most)
-- the next gatherings of all published circles
select * from public_dates order by starts_at, id limit :most;

-- name: of_circle(circle_id, most)
-- the next gatherings of a circle
select * from public_dates where circle_id = :circle_id order by starts_at, id limit :most;

-- name: community_changed()$
-- when the feed of the community changed last: something public changed, or a gathering began and left it. Nothing of drafts
-- shows in it
select greatest(
    (
        select gatherings.public_changed_at
        from gatherings join circles on circles.id = gatherings.circle_id
        where gatherings.state <> 'draft' and circles.state <> 'draft'
        order by gatherings.public_changed_at desc limit 1
    ),
    (select max(public_changed_at) from circles where state <> 'draft'),
    (
        select gatherings.starts_at
        from gatherings join circles on circles.id = gatherings.circle_id
        where gatherings.state = 'open' and circles.state <> 'draft' and gatherings.starts_at <= now()
        order by gatherings.starts_at desc limit 1
    )
);

-- name: circle(circle_id)^
-- a published circle, and when its feed changed last
select
    circles.id, circles.name, circles.discreet_name,
    (
        select greatest(
            circles.public_changed_at,
            max(gatherings.public_changed_at),
            max(gatherings.starts_at) filter (where gatherings.state = 'open' and gatherings.starts_at <= now())
        )
        from gatherings where gatherings.circle_id = circles.id and gatherings.state <> 'draft'
    ) as changed_at
from circles where circles.id = :circle_id and circles.state = 'published';
