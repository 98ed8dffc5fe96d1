-- name: ahead(person_id)
-- the seats that somebody has ahead and their places on waiting lists, with what was paid and is left to refund, by time
select
    bookings.id, bookings.state, gatherings.id as gathering_id, gatherings.starts_at, gatherings.zone,
    circles.name as circle_name, money.kept, bookings.currency, false as is_wait
from bookings
cross join lateral (select * from bookings_with_money where bookings_with_money.id = bookings.id) as money
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where bookings.person_id = :person_id and bookings.state in ('held', 'confirmed') and gatherings.starts_at > now()
union all
select
    waits.id, waits.state, gatherings.id, gatherings.starts_at, gatherings.zone, circles.name, 0, '', true
from waits
join gatherings on gatherings.id = waits.gathering_id
join circles on circles.id = gatherings.circle_id
where waits.person_id = :person_id and waits.state in ('waiting', 'offered')
order by starts_at, id;

-- name: held_ahead(person_id)
-- the seats that are held for somebody until they are paid
select bookings.id from bookings join gatherings on gatherings.id = bookings.gathering_id
where bookings.person_id = :person_id and bookings.state = 'held' and bookings.let_go_at is null and gatherings.ends_at > now()
order by bookings.id;

-- name: note_let_go(booking_id)
-- a held seat is given up, and with it those that the same checkout pays
update bookings set let_go_at = coalesce(let_go_at, now())
where state = 'held' and (
    id = :booking_id
    or id in (
        select lines.booking_id from checkout_lines as lines
        where lines.checkout_id = checkout_named(:booking_id) and not lines.is_addition
    )
)
returning id;

-- name: end_wait(wait_id)!
-- a place on a waiting list ends. The caller holds the gathering's lock
update waits set state = 'left', end_cause = 'suspended', ended_at = clock_timestamp(), moved_at = clock_timestamp()
where id = :wait_id and state in ('waiting', 'offered');
