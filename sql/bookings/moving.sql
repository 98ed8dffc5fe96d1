-- name: lock_both(booking_id, to_id)$
-- lock the gatherings that a booking leaves and takes a seat at, in the order of their ids
select lock_gathering_of(:booking_id, :to_id);

-- name: may_move(booking_id, actor_id)$
-- whether somebody may move the bookings of others here: who hosts the circle, and organizers
select host.may_change
from bookings
join gatherings on gatherings.id = bookings.gathering_id
cross join lateral may_manage(gatherings.circle_id, :actor_id) as host
where bookings.id = :booking_id;

-- name: take_other_seat(booking_id, to_id, terms_start, by_member)$
-- a confirmed booking takes the lowest free seat of another gathering, or none; both are locked by the caller. Who moves their
-- own seat knows where it is now, and cancels under the terms they had; who is moved may cancel until the new start with all
-- they paid
update bookings set
    gathering_id = there.id,
    seat = free.number,
    terms_start = :terms_start,
    moves = bookings.moves + :by_member::boolean::int,
    known = case when :by_member then gathering_facts(there.id) else bookings.known end,
    full_refund_until = case
        when not :by_member then there.starts_at
        when bookings.full_refund_until is not null then least(bookings.full_refund_until, there.starts_at)
    end
from gatherings as there
cross join lateral (
    select min(number) as number from generate_series(1, 24) as number
    where there.seats_map & (1 << number - 1) = 0 and number <= there.capacity
) as free
where bookings.id = :booking_id and bookings.state = 'confirmed' and there.id = :to_id and free.number is not null
    and there.state = 'open' and there.starts_at > clock_timestamp()
    and (bookings.kind <> 'community' or there.community_taken < there.community_seats)
    and room_lets_in(there.id, bookings.person_id)
returning bookings.seat;

-- name: move_invite(booking_id, here, there, first_uid)!
-- the calendar entry of a booking moves along
select move_invite(:booking_id, :here, :there, :first_uid);
