-- name: hosted_circles(actor_id)
-- the circles somebody hosts, with the next gatherings of each
select
    circles.id, circles.name, circles.discreet_name, circles.state, circles.format, circles.place, circles.city,
    host.part,
    (
        select coalesce(jsonb_agg(dated order by dated.starts_at), '[]') from (
            select
                gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.length_minutes,
                gatherings.capacity, gatherings.seats_taken, gatherings.community_seats,
                gatherings.community_taken, gatherings.state
            from gatherings
            where gatherings.circle_id = circles.id and gatherings.state <> 'cancelled'
                and gatherings.ends_at > now()
            order by gatherings.starts_at limit 3
        ) as dated
    ) as ahead
from circles join may_host(circles.id, :actor_id) as host on true
order by circles.state = 'archived', circles.name_key, circles.id;

-- name: hosted_circle(id, actor_id)^
-- one circle for its hosts, with its guidelines, its gatherings ahead and its latest ones
select
    circles.id, circles.name, circles.discreet_name, circles.purpose, circles.format, circles.place, circles.city,
    circles.address, circles.join_link, circles.zone, circles.capacity, circles.length_minutes, circles.currency,
    circles.minimum, circles.suggested, circles.maximum, circles.community_seats, circles.refund_hours,
    circles.late_refund_percent, circles.state, circles.version, circles.guidelines_id, host.part, host.why,
    newest.body as guidelines, newest.number as guidelines_number, newest.published_at as guidelines_published_at,
    (
        select coalesce(jsonb_agg(dated order by dated.starts_at), '[]') from (
            select
                gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.length_minutes,
                gatherings.capacity, gatherings.seats_taken, gatherings.community_seats,
                gatherings.community_taken, gatherings.state,
                gatherings.by_hand, gatherings.oddity, gatherings.schedule_id is not null as planted
            from gatherings
            where gatherings.circle_id = circles.id and gatherings.ends_at > now()
            order by gatherings.starts_at limit 60
        ) as dated
    ) as ahead,
    (
        select coalesce(jsonb_agg(dated order by dated.starts_at desc), '[]') from (
            select
                gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.length_minutes,
                gatherings.capacity, gatherings.seats_taken, gatherings.community_seats,
                gatherings.community_taken, gatherings.state
            from gatherings
            where gatherings.circle_id = circles.id and gatherings.ends_at <= now()
            order by gatherings.starts_at desc limit 12
        ) as dated
    ) as lately
from circles
join may_act_for(circles.id, :actor_id) as host on true
cross join lateral (
    select body, number, published_at from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as newest
where circles.id = :id;

-- name: add_circle(name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes, currency, minimum, suggested, maximum, community_seats, refund_hours, late_refund_percent, guidelines_id, actor_id)<!
-- a new circle, as a draft
insert into circles (
    name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes,
    currency, minimum, suggested, maximum, community_seats, refund_hours, late_refund_percent, guidelines_id,
    created_by
) values (
    :name, :discreet_name, :purpose, :format, :place, :city, :address, :join_link, :zone, :capacity,
    :length_minutes, :currency, :minimum, :suggested, :maximum, :community_seats, :refund_hours,
    :late_refund_percent, :guidelines_id, :actor_id
) returning id;

-- name: add_lead(circle_id, person_id)!
-- somebody leads a new circle
insert into hosts (circle_id, person_id, part) values (:circle_id, :person_id, 'lead');

-- name: lock_circle(id, actor_id)^
-- a circle, locked, for somebody who may change it; with its newest guidelines and the seats taken ahead
select
    circles.id, circles.name, circles.discreet_name, circles.purpose, circles.format, circles.place, circles.city,
    circles.address, circles.join_link, circles.zone, circles.capacity, circles.length_minutes, circles.currency,
    circles.minimum, circles.suggested, circles.maximum, circles.community_seats, circles.refund_hours,
    circles.late_refund_percent, circles.state, circles.version, circles.guidelines_id,
    (
        select body from guidelines_versions
        where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
    ) as guidelines,
    (
        select coalesce(sum(seats_taken), 0) from gatherings
        where circle_id = circles.id and gatherings.state = 'open' and starts_at > now()
    ) as seats_ahead
from circles join may_act_for(circles.id, :actor_id) as host on host.may_change
where circles.id = :id
for update of circles;

-- name: save_circle(id, name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes, currency, minimum, suggested, maximum, community_seats, refund_hours, late_refund_percent)!
-- the plan of a circle, with its next version
update circles set
    name = :name, discreet_name = :discreet_name, purpose = :purpose, format = :format, place = :place,
    city = :city, address = :address, join_link = :join_link, zone = :zone, capacity = :capacity,
    length_minutes = :length_minutes, currency = :currency, minimum = :minimum, suggested = :suggested,
    maximum = :maximum, community_seats = :community_seats, refund_hours = :refund_hours,
    late_refund_percent = :late_refund_percent, version = version + 1
where id = :id;

-- name: set_circle_state(id, state)!
-- a circle gets another state
update circles set state = :state, version = version + 1 where id = :id;

-- name: circle_state(id)^
-- the state of a circle
select id, state, name, discreet_name from circles where id = :id;

-- name: lock_booked_ahead(circle_id)
-- the open gatherings of a circle that are not over and have a seat taken, locked in the order of their ids
select id from gatherings
where circle_id = :circle_id and state = 'open' and ends_at > now() and seats_taken > 0
order by id for update;

-- name: every_circle(name, most, after, limit, offset)
-- a page of all circles, or of those with a part of a name, with their hosts and what is ahead, and the total up to `most`
select
    circles.id, circles.name, circles.discreet_name, circles.state, circles.format, circles.place, circles.city,
    circles.zone, circles.currency, circles.minimum, circles.suggested, circles.maximum,
    array(
        select people.name from hosts join people on people.id = hosts.person_id
        join may_host(circles.id, people.id) as host on true
        where hosts.circle_id = circles.id order by hosts.part = 'lead' desc, people.name_key
    ) as host_names,
    next_one.id as next_id, next_one.starts_at as next_starts_at, next_one.zone as next_zone,
    next_one.capacity as next_capacity, next_one.seats_taken as next_seats_taken,
    coalesce(next_one.ahead, 0) as ahead,
    (
        select count(*) from (
            select from circles as others where :name::text = '' or has_name(others.name_key, :name) limit :most
        ) as counted
    ) as total
from (
    select id from circles
    where (:name::text = '' or has_name(name_key, :name))
        and (
            :after::uuid is null
            or (state = 'archived', name_key, id) > (
                select last.state = 'archived', last.name_key, last.id from circles as last where last.id = :after
            )
        )
    order by state = 'archived', name_key, id
    limit :limit offset :offset
) as page
join circles on circles.id = page.id
left join lateral (
    select id, starts_at, zone, capacity, seats_taken, count(*) over () as ahead
    from gatherings
    where circle_id = circles.id and gatherings.state = 'open' and starts_at > now()
    order by starts_at limit 1
) as next_one on true
order by circles.state = 'archived', circles.name_key, circles.id;

-- name: lock(id)!
-- a circle, locked before it is discarded
select id from circles where id = :id for update;

-- name: led_circle(id, actor_id)^
-- a circle for its lead, with what is discarded along with it and its other hosts
select
    circles.id, circles.name, circles.discreet_name, circles.state, circles.guidelines_id,
    (select count(*) from gatherings where gatherings.circle_id = circles.id)::int as gatherings,
    (
        select count(*) from schedules where schedules.circle_id = circles.id and schedules.state = 'active'
    )::int as schedules,
    exists (
        select from gatherings
        cross join lateral (select from bookings where bookings.gathering_id = gatherings.id limit 1) as one
        where gatherings.circle_id = circles.id
    ) as was_booked,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', people.id, 'name', people.name, 'email', people.email) order by people.name_key
        ), '[]')
        from hosts as others join people on people.id = others.person_id
        join may_host(circles.id, people.id) as other_host on true
        where others.circle_id = circles.id and others.person_id <> :actor_id
    ) as others,
    array(
        select email from host_invitations as invitations
        where invitations.circle_id = circles.id and invitations.state = 'open' and invitations.expires_at > now()
        order by email
    ) as invited
from circles
join may_act_for(circles.id, :actor_id) as host on host.part in ('lead', 'organizer')
where circles.id = :id;

-- name: was_discarded(id, actor_id)$
-- whether the actor discarded this draft already
select exists (
    select from events where events.about = :id and events.what = 'circle.discarded' and events.who = :actor_id
);

-- name: delete_gatherings(circle_id)
-- the gatherings of a draft circle are deleted with it
delete from gatherings where circle_id = :circle_id returning id, state;

-- name: delete_schedules(circle_id)
-- the schedules of a draft circle are deleted with it
delete from schedules where circle_id = :circle_id returning id, state;

-- name: delete_circle(id)!
-- a draft circle is deleted, and all that refers to it alone
delete from circles where id = :id and state = 'draft';
