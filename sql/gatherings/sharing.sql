-- name: circle_at(slug)^
-- the circle that a short address leads to, with its address of now; no row for a draft
select circle_addresses.circle_id, present.slug as current_slug
from circle_addresses
join circles on circles.id = circle_addresses.circle_id
join circle_addresses as present on present.circle_id = circles.id and present.is_current
where circle_addresses.slug = :slug and circles.state <> 'draft';

-- name: next_dates(id, most)^
-- a circle with its next gatherings, as everybody may see them; no row for a draft
select
    circles.id, circles.name, circles.place, circles.city, circles.zone, circles.state,
    (
        select circle_addresses.slug from circle_addresses
        where circle_addresses.circle_id = circles.id and circle_addresses.is_current
    ) as slug,
    (
        select coalesce(jsonb_agg(dated order by dated.starts_at), '[]') from (
            select
                gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.length_minutes, gatherings.capacity,
                gatherings.seats_taken, gatherings.community_seats, gatherings.community_taken, gatherings.state
            from gatherings
            where gatherings.circle_id = circles.id and gatherings.state = 'open' and gatherings.starts_at > now()
            order by gatherings.starts_at limit :most
        ) as dated
    ) as ahead
from circles where circles.id = :id and circles.state <> 'draft';
