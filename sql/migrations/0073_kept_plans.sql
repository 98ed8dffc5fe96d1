-- What pages and bookings ask of one gathering and one person, in PL/pgSQL, which keeps the plans of a connection. A function in
-- SQL that is called for a value is planned anew by each query that calls it: this took 1.3 of the 1.5 ms of the query that
-- decides whether somebody may book. Their meaning is as before.

-- See 0014.
create or replace function been_here(circle uuid, person uuid) returns boolean
language plpgsql stable parallel safe as $$
begin
    return exists (
        select from bookings join gatherings on gatherings.id = bookings.gathering_id
        where bookings.person_id = person and bookings.state = 'confirmed'
            and gatherings.circle_id = circle and gatherings.starts_at <= now()
    );
end
$$;

create or replace function newcomers_at(gathering uuid) returns bigint
language plpgsql stable parallel safe as $$
begin
    return (
        select count(*) from bookings join gatherings on gatherings.id = bookings.gathering_id
        where gatherings.id = gathering and bookings.state in ('held', 'confirmed')
            and not been_here(gatherings.circle_id, bookings.person_id)
    );
end
$$;

create or replace function kept_apart(gathering uuid, person uuid) returns boolean
language plpgsql stable parallel safe as $$
begin
    return exists (
        select from apart
        join gatherings on gatherings.circle_id = apart.circle_id
        join bookings on bookings.gathering_id = gatherings.id
            and bookings.person_id = case when apart.first_id = person then apart.second_id else apart.first_id end
        where gatherings.id = gathering and person in (apart.first_id, apart.second_id)
            and bookings.state in ('held', 'confirmed')
    );
end
$$;

-- See 0029.
create or replace function asks_for_seats(circle uuid, person uuid) returns boolean
language plpgsql stable parallel safe as $$
begin
    return exists (
        select from apart where apart.circle_id = circle and person in (apart.first_id, apart.second_id)
    );
end
$$;

create or replace function overlaps_of(gathering uuid, person uuid) returns jsonb
language plpgsql stable parallel safe as $$
begin
    return (
        select
            coalesce(jsonb_agg(
                jsonb_build_object(
                    'booking_id', bookings.id, 'name', circles.discreet_name, 'starts_at', dates.starts_at,
                    'zone', dates.zone
                ) order by dates.starts_at, bookings.id
            ), '[]')
        from gatherings
        join bookings on bookings.person_id = person and bookings.state in ('held', 'confirmed')
        join gatherings as dates on dates.id = bookings.gathering_id and dates.id <> gatherings.id
            and dates.starts_at < gatherings.ends_at and dates.ends_at > gatherings.starts_at
        join circles on circles.id = dates.circle_id
        where gatherings.id = gathering
    );
end
$$;

-- See 0070.
create or replace function own_seat(gathering uuid, person uuid) returns jsonb
language plpgsql stable strict parallel safe as $$
begin
    return (
        select
            jsonb_build_object(
                'gathering_id', gatherings.id, 'gathering_state', gatherings.state, 'starts_at', gatherings.starts_at,
                'ends_at', gatherings.ends_at, 'zone', gatherings.zone, 'now', clock_timestamp(),
                'booking', case when booking.id is not null then to_jsonb(booking) end,
                'request', case when request.id is not null then to_jsonb(request) end
            )
        from gatherings
        left join lateral (
            select
                bookings.id, bookings.state, bookings.kind, bookings.amount, bookings.currency, bookings.end_cause,
                bookings.held_until, bookings.let_go_at, bookings.returned_at, bookings.full_refund_until,
                bookings.paid, bookings.refunded, bookings.refund_done, bookings.refund_failed, bookings.refund_stuck,
                bookings.refund_settled, bookings.disputed, bookings.payment_waits
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
        where gatherings.id = gathering and (booking.id is not null or request.id is not null)
    );
end
$$;

-- See 0011.
create or replace function must_agree_to(person uuid, guidelines uuid) returns uuid
language plpgsql stable parallel safe as $$
begin
    return (
        select changed.id from guidelines_versions as changed
        where changed.guidelines_id = guidelines and changed.material and changed.number > coalesce((
            select max(agreed.number)
            from acceptances join guidelines_versions as agreed on agreed.id = acceptances.version_id
            where acceptances.person_id = person and agreed.guidelines_id = guidelines
        ), 0)
        order by changed.number desc limit 1
    );
end
$$;

-- See 0030 and 0040.
create or replace function gathering_facts(gathering uuid) returns jsonb
language plpgsql stable parallel safe as $$
begin
    return (
        select jsonb_build_object(
            'starts_at', extract(epoch from gatherings.starts_at)::bigint,
            'ends_at', extract(epoch from gatherings.ends_at)::bigint,
            'zone', gatherings.zone,
            'wall_start', to_char(gatherings.wall_start, 'YYYY-MM-DD HH24:MI'),
            'discreet_name', circles.discreet_name,
            'name', circles.name,
            'format', circles.format,
            'place', circles.place,
            'city', case circles.place
                when 'in_person' then coalesce(nullif(gatherings.city, ''), circles.city) else ''
            end,
            'address', case circles.place
                when 'in_person' then coalesce(nullif(gatherings.address, ''), circles.address) else ''
            end,
            'join_link', case circles.place
                when 'online' then encode(sha256(convert_to(
                    coalesce(nullif(gatherings.join_link, ''), circles.join_link), 'UTF8'
                )), 'hex')
                else ''
            end,
            'note', gatherings.note,
            'hosts', coalesce(
                (
                    select jsonb_build_array(stand_ins.person_id)
                    from stand_ins join people on people.id = stand_ins.person_id
                    where stand_ins.gathering_id = gatherings.id and (people.is_facilitator or people.is_organizer)
                ),
                (
                    select jsonb_agg(hosts.person_id order by hosts.person_id)
                    from hosts join people on people.id = hosts.person_id
                    where hosts.circle_id = circles.id and hosts.part <> 'helper'
                        and (people.is_facilitator or people.is_organizer)
                ),
                '[]'
            )
        )
        from gatherings join circles on circles.id = gatherings.circle_id
        where gatherings.id = gathering
    );
end
$$;

-- See 0033.
create or replace function unseen_change(booking uuid) returns jsonb
language plpgsql stable strict parallel safe as $$
begin
    return (
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
    );
end
$$;
