-- See 0073 and 0087: pages and bookings call these for a value, and plpgsql keeps their plans.
create or replace function checkout_named(reference uuid) returns uuid language plpgsql stable strict parallel safe as $$
begin
    return coalesce(
        (select checkout_id from checkout_lines where booking_id = reference and not is_addition),
        (select id from checkouts where booking_id = reference and covers = 'addition')
    );
end
$$;

create or replace function held_checkouts(person uuid) returns bigint language plpgsql stable strict as $$
begin
    return (
        select count(distinct coalesce(lines.checkout_id, bookings.id))
        from bookings
        left join checkout_lines as lines on lines.booking_id = bookings.id and not lines.is_addition
        where bookings.person_id = person and bookings.state = 'held'
    );
end
$$;
