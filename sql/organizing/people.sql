-- name: person(id, days)^
-- one person as organizers may know them: no text of a profile, no answer, no note; and whether another organizer took that role
-- away from them in the last days
select
    people.id, people.name, people.pronouns, people.email, people.created_at, people.is_facilitator, people.is_organizer,
    people.suspended_at, people.merged_into,
    (
        select jsonb_build_object(
            'kept_email', kept.email, 'gone_email', gone.email, 'why', merges.why,
            'kept_agreed_at', merges.kept_agreed_at, 'gone_agreed_at', merges.gone_agreed_at
        )
        from merges join people as kept on kept.id = merges.kept_id join people as gone on gone.id = merges.gone_id
        where people.id in (merges.kept_id, merges.gone_id) and merges.state = 'open' and merges.expires_at > now()
        order by merges.asked_at desc limit 1
    ) as merge,
    coalesce(unreached_addresses.because, '') as unreached, unreached_addresses.since as unreached_since,
    (select jsonb_build_object('id', listings.id, 'name', listings.name) from listings where listings.person_id = people.id limit 1)
        as listing,
    coalesce((
        select jsonb_agg(
            jsonb_build_object('id', circles.id, 'name', circles.name, 'part', hosts.part, 'state', circles.state)
            order by circles.state = 'archived', hosts.part = 'lead' desc, circles.name_key, circles.id
        )
        from hosts join circles on circles.id = hosts.circle_id where hosts.person_id = people.id
    ), '[]') as circles,
    coalesce((
        select jsonb_object_agg(given.what, jsonb_build_object('at', given.at, 'by', coalesce(givers.name, '')))
        from (
            select distinct on (events.what) events.what, events.at, events.who, events.after
            from events
            where events.about = people.id and events.what in ('person.facilitator', 'person.organizer')
            order by events.what, events.id desc
        ) as given
        left join people as givers on givers.id = given.who
        where given.after <> ''
    ), '{}') as roles_given,
    coalesce((
        select jsonb_agg(jsonb_build_object('id', others.id, 'email', others.email) order by others.created_at, others.id)
        from (
            select * from people as same
            where same.name_key = people.name_key and same.id <> people.id and same.email not like '%@gone.invalid'
                and same.merged_into is null
            order by same.created_at, same.id limit 10
        ) as others
    ), '[]') as of_same_name,
    (
        select jsonb_build_object(
            'id', open.id, 'state', open.state, 'reason', open.reason, 'shares_reason', open.shares_reason,
            'released', open.released_at is not null,
            'asked_by', open.asked_by, 'by', coalesce(askers.name, ''), 'refund', open.refund,
            'was_facilitator', open.was_facilitator, 'was_organizer', open.was_organizer
        )
        from suspensions as open left join people as askers on askers.id = coalesce(open.begun_by, open.asked_by)
        where open.person_id = people.id and open.state in ('asked', 'active')
    ) as suspension,
    coalesce((
        select events.after = '' and events.who <> people.id and events.at > now() - make_interval(days => :days::integer)
        from events where events.about = people.id and events.what = 'person.organizer'
        order by events.id desc limit 1
    ), false) as lost_organizer_lately,
    (select until from suspensions where person_id = people.id and state in ('asked', 'active')) as suspended_until
from people
left join unreached_addresses on unreached_addresses.address = people.email
where people.id = :id;

-- name: bookings(person_id, ahead_limit, past_limit, after_at, after_id)
-- a part of a persons bookings: ahead from the nearest, past from the newest; after: the last one of the page before
(
    select
        true as is_ahead, bookings.id, bookings.state, bookings.kind, gatherings.id as gathering_id, gatherings.starts_at,
        gatherings.zone, circles.id as circle_id, circles.name as circle_name
    from bookings
    join gatherings on gatherings.id = bookings.gathering_id
    join circles on circles.id = gatherings.circle_id
    where bookings.person_id = :person_id and gatherings.ends_at > now() and bookings.state in ('held', 'confirmed')
        and (
            :after_id::uuid is null
            or (gatherings.starts_at, bookings.id) > (:after_at::timestamptz, :after_id::uuid)
        )
    order by gatherings.starts_at, bookings.id
    limit :ahead_limit
)
union all
(
    select
        false, bookings.id, bookings.state, bookings.kind, gatherings.id, gatherings.starts_at, gatherings.zone, circles.id,
        circles.name
    from bookings
    join gatherings on gatherings.id = bookings.gathering_id
    join circles on circles.id = gatherings.circle_id
    where bookings.person_id = :person_id
        and (gatherings.ends_at <= now() or bookings.state not in ('held', 'confirmed'))
        and (
            :after_id::uuid is null
            or (gatherings.starts_at, bookings.id) < (:after_at::timestamptz, :after_id::uuid)
        )
    order by gatherings.starts_at desc, bookings.id desc
    limit :past_limit
);

-- name: events(person_id, kinds, most)
-- what was done to an account, the newest first
select events.id, events.at, events.what, events.after, events.why, events.who, coalesce(people.name, '') as who_name
from events left join people on people.id = events.who
where events.about = :person_id and events.what = any(:kinds::text [])
order by events.id desc
limit :most;
