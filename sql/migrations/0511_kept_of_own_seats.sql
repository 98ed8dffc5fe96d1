-- Somebody's own seat at a gathering; see 0118. It says as well what is kept of its payment, so that what a dispute took is known.
create or replace function own_seat(gathering uuid, person uuid) returns jsonb
language plpgsql stable strict parallel safe as $$
begin
    return (
        select
            jsonb_build_object(
                'gathering_id', gatherings.id, 'gathering_state', gatherings.state, 'starts_at', gatherings.starts_at,
                'ends_at', gatherings.ends_at, 'zone', gatherings.zone, 'now', clock_timestamp(),
                'booking', case when booking.id is not null then to_jsonb(booking) end,
                'request', case when request.id is not null then to_jsonb(request) end,
                'wait', case when wait.id is not null then to_jsonb(wait) end
            )
        from gatherings
        left join lateral (
            select
                bookings.id, bookings.state, bookings.kind, bookings.amount, bookings.currency, bookings.end_cause,
                bookings.held_until, bookings.let_go_at, bookings.returned_at, bookings.full_refund_until,
                bookings.paid, bookings.refunded, bookings.refund_done, bookings.refund_failed, bookings.refund_stuck,
                bookings.refund_settled, bookings.kept, bookings.disputed, bookings.payment_waits
            from bookings_with_money as bookings
            where bookings.gathering_id = gatherings.id and bookings.person_id = person
            order by bookings.state in ('held', 'confirmed') desc, bookings.created_at desc limit 1
        ) as booking on true
        left join lateral (
            select requests.id, requests.state from requests
            where requests.gathering_id = gatherings.id and requests.person_id = person
                and requests.state <> 'withdrawn' and requests.forgotten_at is null
            order by requests.created_at desc limit 1
        ) as request on true
        left join lateral (
            select
                waits.id, waits.state, waits.line, waits.offer_ends_at, waits.lapses, place_in_line(waits) as place,
                circles.state = 'published' and gatherings.seats_taken < gatherings.capacity
                and (waits.line <> 'community' or gatherings.community_taken < gatherings.community_seats) as is_free
            from waits join circles on circles.id = gatherings.circle_id
            where waits.gathering_id = gatherings.id and waits.person_id = person
                and waits.state in ('waiting', 'offered')
        ) as wait on true
        where gatherings.id = gathering
            and (booking.id is not null or request.id is not null or wait.id is not null)
    );
end
$$;
