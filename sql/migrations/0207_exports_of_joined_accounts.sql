-- Accounts that were joined are one person, whose rows may stay with either.

-- The exports that had a row about a person, when they were made: by the dates and circles of each and the moment it read, at which
-- the person's bookings and walk-ins were where they were then; or, of facilitators, by its list of them.
create or replace function exports_about(person uuid) returns setof uuid language sql stable parallel safe as $$
    with accounts as (
        select people.id from people where people.id = person or people.merged_into = person
    ),

    moves as (
        select former_seats.booking_id, former_seats.gathering_id, former_seats.kind, former_seats.until
        from bookings join former_seats on former_seats.booking_id = bookings.id
        where bookings.person_id in (select accounts.id from accounts)
        union all
        select bookings.id, bookings.gathering_id, bookings.kind, 'infinity'
        from bookings where bookings.person_id in (select accounts.id from accounts)
    ),

    seats as (
        select
            moves.gathering_id, moves.kind, moves.until,
            coalesce(
                lag(moves.until) over (partition by moves.booking_id order by moves.until),
                (
                    select coalesce(bookings.recorded_at, bookings.created_at) from bookings
                    where bookings.id = moves.booking_id
                )
            ) as since
        from moves
        union all
        select
            walk_ins.gathering_id, 'walk_in', coalesce(walk_ins.removed_at, 'infinity'),
            coalesce(walk_ins.recorded_at, walk_ins.added_at)
        from walk_ins where walk_ins.person_id in (select accounts.id from accounts)
    ),

    starts as (
        select former_starts.gathering_id, former_starts.wall_start, former_starts.until
        from former_starts where former_starts.gathering_id in (select seats.gathering_id from seats)
        union all
        select gatherings.id, gatherings.wall_start, 'infinity'
        from gatherings where gatherings.id in (select seats.gathering_id from seats)
    ),

    times as (
        select
            starts.gathering_id, starts.wall_start, starts.until,
            coalesce(
                lag(starts.until) over (partition by starts.gathering_id order by starts.until), '-infinity'
            ) as since
        from starts
    ),

    rows as materialized (
        select
            seats.gathering_id, gatherings.circle_id, seats.kind, times.wall_start::date as day,
            greatest(seats.since, times.since) as since, least(seats.until, times.until) as until
        from seats
        join times on times.gathering_id = seats.gathering_id and times.since < seats.until and seats.since < times.until
        join gatherings on gatherings.id = seats.gathering_id
    )

    select exports.id
    from exports
    where exports.depth <> 'totals' and exports.read_at is not null and (
        exports.hosts && array(select accounts.id from accounts)
        or exports.what in ('attendance', 'bookings', 'community_seats') and exists (
            select from rows
            where rows.since <= exports.read_at and exports.read_at < rows.until
                and rows.day between (exports.filters ->> 'from')::date and (exports.filters ->> 'to')::date
                and (exports.filters -> 'circles' = '[]' or exports.filters -> 'circles' ? rows.circle_id::text)
                and (exports.gatherings is null or rows.gathering_id = any(exports.gatherings))
                and (exports.what <> 'community_seats' or rows.kind = 'community')
                and (exports.what = 'attendance' or rows.kind <> 'walk_in')
        )
    )
$$;
