-- name: dates(circle, gathering, most)
-- the next gatherings of a circle with a free seat, other than this one
select id, starts_at, zone from gatherings
where circle_id = :circle and id <> :gathering and state = 'open' and starts_at > now() and seats_taken < capacity
order by starts_at, id limit :most;
