-- What changed of a gathering ahead since the person of a booking last saw it; null when nothing did. names: of the hosts
-- before and now. mark: of what is shown, so that only that counts as seen.
create function unseen_change(booking uuid) returns jsonb
language sql stable strict parallel safe
as $$
    select jsonb_build_object(
        'was', bookings.known,
        'now', current.facts,
        'mark', md5(current.facts::text),
        'names', (
            select coalesce(jsonb_object_agg(people.id, people.name), '{}') from people
            where people.id::text in (
                select jsonb_array_elements_text((bookings.known -> 'hosts') || (current.facts -> 'hosts'))
            )
        )
    )
    from bookings
    join gatherings on gatherings.id = bookings.gathering_id
    cross join lateral (select gathering_facts(gatherings.id) as facts) as current
    where bookings.id = booking and bookings.state in ('held', 'confirmed')
        and gatherings.state = 'open' and gatherings.starts_at > now() and bookings.known <> current.facts
$$;
