-- Whom a payment is of, and of which circle: of its first line, a booking or a pass.
create function payer_of_checkout(
    checkout uuid, out booking_id uuid, out person_name text, out circle_name text
) returns setof record language plpgsql stable parallel safe as $$
begin
    return query
    select lines.booking_id, people.name, circles.name
    from checkout_lines as lines
    left join bookings on bookings.id = lines.booking_id
    left join gatherings on gatherings.id = bookings.gathering_id
    left join passes on passes.id = lines.pass_id
    join people on people.id = coalesce(bookings.person_id, passes.person_id)
    join circles on circles.id = coalesce(gatherings.circle_id, passes.circle_id)
    where lines.checkout_id = checkout
    order by lines.position limit 1;
end
$$;
