-- See 0160 and 0181: whoever is suspended does not belong to a circle, nor does whoever has an untold seat alone.
create or replace function people_of_circle(circle uuid) returns table (person_id uuid)
language sql stable parallel safe
as $$
    select bookings.person_id
    from gatherings join bookings on bookings.gathering_id = gatherings.id
    join people on people.id = bookings.person_id and people.suspended_at is null
    left join attendance on attendance.booking_id = bookings.id
    where gatherings.circle_id = circle and gatherings.state = 'open'
        and gatherings.starts_at > now() - interval '1 year'
        and ((bookings.state = 'confirmed' and gatherings.ends_at > now()) or attendance.booking_id is not null)
        and not is_untold_seat(bookings.id)
    group by bookings.person_id
$$;
