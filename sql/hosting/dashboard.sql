-- name: week(actor_id)
-- the gatherings of the next seven days that somebody hosts, helps at or stands in for, with their seats
select
    gatherings.id, gatherings.circle_id, circles.name as circle_name, circles.place, circles.city,
    gatherings.starts_at, gatherings.ends_at, gatherings.zone, gatherings.length_minutes, gatherings.capacity,
    gatherings.seats_taken, gatherings.community_seats, gatherings.community_taken, gatherings.state,
    gatherings.oddity, circles.state as circle_state, host.part,
    stand_ins.person_id = :actor_id as is_stand_in, stand_in.name as stand_in_name,
    now() as now
-- Through the indexes of hosts and stand-ins: permission alone would be decided for every gathering of the week.
from (
    select dates.id
    from hosts join gatherings as dates on dates.circle_id = hosts.circle_id
    where hosts.person_id = :actor_id
        and dates.starts_at between now() - interval '1 day' and now() + interval '7 days'
    union
    select gathering_id from stand_ins where person_id = :actor_id
) as candidates
join gatherings on gatherings.id = candidates.id
join circles on circles.id = gatherings.circle_id
join may_host_gathering(gatherings.id, :actor_id) as host on true
left join stand_ins on stand_ins.gathering_id = gatherings.id
left join people as stand_in
    on stand_in.id = stand_ins.person_id and (stand_in.is_facilitator or stand_in.is_organizer)
where gatherings.state <> 'cancelled' and gatherings.ends_at > now()
    and gatherings.starts_at < now() + interval '7 days'
    and (host.may_change or gatherings.state = 'open')
order by gatherings.starts_at, gatherings.id
limit 60;

-- name: hosted_circles(actor_id)
-- the circles somebody hosts, with what is missing in each
select
    circles.id, circles.name, circles.state, host.part,
    exists (
        select from hosts as other join may_host(circles.id, other.person_id) as co on true
        where other.circle_id = circles.id and other.part = 'co'
    ) as has_co,
    (
        select count(*) from host_invitations as invitations
        where invitations.circle_id = circles.id and invitations.gathering_id is null and invitations.state = 'open'
            and invitations.expires_at > now()
    ) as invitations,
    exists (
        select from gatherings
        where gatherings.circle_id = circles.id and gatherings.state <> 'cancelled' and gatherings.starts_at > now()
    ) as has_ahead,
    (
        select count(*) from requests
        where requests.circle_id = circles.id and requests.state = 'waiting' and requests.person_id <> :actor_id
            and not (requests.kind = 'seat' and are_apart(requests.circle_id, requests.person_id, :actor_id))
    ) as waiting,
    exists (
        select from guidelines_drafts
        where guidelines_drafts.guidelines_id = circles.guidelines_id
            and not exists (
                select from guidelines_versions
                where guidelines_versions.guidelines_id = guidelines_drafts.guidelines_id
                    and guidelines_versions.body = guidelines_drafts.body
            )
    ) as has_guidelines_draft,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', drafts.id, 'starts_at', drafts.starts_at, 'zone', drafts.zone)
            order by drafts.starts_at
        ), '[]')
        from gatherings as drafts
        where drafts.circle_id = circles.id and drafts.state = 'draft'
            and drafts.starts_at between now() and now() + interval '14 days'
    ) as drafts,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', past.id, 'starts_at', past.starts_at, 'zone', past.zone, 'unmarked', past.unmarked
            )
            order by past.starts_at
        ), '[]')
        from (
            select
                gatherings.id, gatherings.starts_at, gatherings.zone,
                count(*) filter (where attendance.booking_id is null) as unmarked
            from gatherings
            join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
            left join attendance on attendance.booking_id = bookings.id
            where gatherings.circle_id = circles.id and gatherings.state = 'open'
                and gatherings.ends_at between now() - interval '14 days' and now()
                and gatherings.closed_at is null
            group by gatherings.id
        ) as past
    ) as registers
from circles join may_host(circles.id, :actor_id) as host on true
where circles.state <> 'archived'
order by circles.name_key, circles.id;
