-- name: active_of_gathering(gathering_id)
-- the active bookings of a gathering and its present start, locked in the order of their ids
select bookings.id, bookings.state, bookings.kind, gatherings.starts_at
from bookings join gatherings on gatherings.id = bookings.gathering_id
where bookings.gathering_id = :gathering_id and bookings.state in ('held', 'confirmed')
order by bookings.id
for no key update of bookings;

-- name: refund_in_full(gathering_id)
-- the active bookings of a gathering may be canceled until its start with a full refund
update bookings set full_refund_until = gatherings.starts_at
from gatherings
where gatherings.id = :gathering_id and bookings.gathering_id = gatherings.id
    and bookings.state in ('held', 'confirmed')
returning bookings.id, bookings.state;

-- name: reseat(gathering_id, capacity)!
-- bookings on seats beyond the capacity move to the lowest free ones
with high as (
    select id, row_number() over (order by seat) as place
    from bookings
    where gathering_id = :gathering_id and state in ('held', 'confirmed') and seat > :capacity
), free as (
    select number, row_number() over (order by number) as place
    from gatherings cross join generate_series(1, :capacity::int) as number
    where gatherings.id = :gathering_id and gatherings.seats_map & (1 << number - 1) = 0
)
update bookings set seat = free.number
from high join free using (place)
where bookings.id = high.id;

-- name: unseat_walk_ins(gathering_id, capacity)!
-- where fewer seats are left than are taken, walk-ins have a chair beyond the seats from now on, before anybody booked loses one
update walk_ins set seat = null
where gathering_id = :gathering_id and seat is not null
    and (seat > :capacity or (select seats_taken from gatherings where id = :gathering_id) > :capacity);
