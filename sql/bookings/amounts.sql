-- name: choices_of(booking_id)^
-- what decides, beside a booking, what its person may pay for it: the suggested amount, community seats that are free, and an
-- additional payment that is not paid yet
select
    circles.suggested, gatherings.community_seats - gatherings.community_taken as community_left,
    circles.pool_empty_since is not null as pool_is_empty,
    addition.reference, addition.amount as addition, coalesce(addition.url, '') as addition_url
from bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
left join lateral (
    select checkouts.booking_id as reference, checkouts.amount, checkouts.url
    from checkout_lines as lines
    join checkouts on checkouts.id = lines.checkout_id and checkouts.state in ('asked', 'open')
    where lines.booking_id = bookings.id and lines.is_addition
    order by checkouts.created_at desc limit 1
) as addition on true
where bookings.id = :booking_id;

-- name: in_minutes(minutes)$
-- a moment from now on
select now() + make_interval(mins => :minutes);

-- name: set_amount(booking_id, kind, amount)!
-- a confirmed booking costs another amount, or is of another kind. The caller holds the gathering's lock
update bookings set kind = :kind, amount = :amount where id = :booking_id and state = 'confirmed';

-- name: unstarted(reference)^
-- an additional payment that is not made at Stripe yet, of a booking that can still have one, with what making it takes; one that
-- Stripe did not answer for is begun again by its person or not at all
select bookings.id, bookings.currency, checkouts.amount as extra, circles.discreet_name
from checkouts
join checkout_lines as lines on lines.checkout_id = checkouts.id
join bookings on bookings.id = lines.booking_id and bookings.state = 'confirmed'
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
join operations on operations.checkout_id = checkouts.id and operations.kind = 'create_checkout'
where checkouts.booking_id = :reference and checkouts.state = 'asked' and operations.fault = '';
