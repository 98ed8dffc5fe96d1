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

-- name: dates_to_move(booking_id, after, most)
-- the gatherings of its circle that a booking could move to, the nearest first: with a free seat of its kind, and none of its
-- person; after: the last of the page before
select gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.capacity - gatherings.seats_taken as seats_left
from bookings
join gatherings as here on here.id = bookings.gathering_id
join gatherings on gatherings.circle_id = here.circle_id and gatherings.id <> here.id
where bookings.id = :booking_id and gatherings.state = 'open' and gatherings.starts_at > now()
    and gatherings.seats_taken < gatherings.capacity
    and (bookings.kind <> 'community' or gatherings.community_taken < gatherings.community_seats)
    and (
        :after::uuid is null
        or (gatherings.starts_at, gatherings.id) > (select last.starts_at, last.id from gatherings as last where last.id = :after)
    )
    and not exists (
        select from bookings as others
        where others.gathering_id = gatherings.id and others.person_id = bookings.person_id
            and others.state in ('held', 'confirmed')
    )
order by gatherings.starts_at, gatherings.id limit :most;

-- name: moved_away(gathering_id)
-- the bookings that moved from a gathering to another one, as hosts may know them, and where they are now
select distinct on (bookings.id)
    bookings.id, name_for_hosts(bookings.id, people.name) as name, events.at, dates.starts_at, dates.zone
from events
join bookings on bookings.id = events.about and bookings.gathering_id <> :gathering_id
join people on people.id = bookings.person_id
join gatherings as dates on dates.id = bookings.gathering_id
where events.what = 'booking.moved' and events.details ->> 'from' = :gathering_id::uuid::text
order by bookings.id, events.id desc
limit 200;
