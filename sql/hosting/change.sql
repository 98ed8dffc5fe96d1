-- name: gathering_to_change(id, actor_id)^
-- a gathering with all that its change page shows, for somebody who may change it. Walk-ins
-- are not among the seats taken: they leave theirs when there are fewer
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.version, gatherings.starts_at,
    gatherings.ends_at, gatherings.zone, gatherings.wall_start, gatherings.length_minutes, gatherings.capacity,
    coalesce(gatherings.community_planned, gatherings.community_seats) as community_seats, gatherings.note, gatherings.join_link, gatherings.city, gatherings.address,
    gatherings.seats_taken - seats_offered(gatherings.id) - (
        select count(*) from walk_ins where walk_ins.gathering_id = gatherings.id and walk_ins.seat is not null
    )::int as seats_taken,
    gatherings.community_taken - community_offered(gatherings.id) as community_taken,
    gatherings.schedule_id, gatherings.planned_for,
    gatherings.by_hand, gatherings.starts_at <= now() as has_begun,
    circles.name as circle_name, circles.place, circles.zone as circle_zone, circles.minimum, circles.suggested,
    circles.maximum, circles.currency, circles.discreet_name, host.part,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', people.id, 'name', people.name, 'email', people.email, 'zone', people.zone,
                'clock_hours', people.clock_hours
            )
            order by people.name_key, people.id
        ), '[]')
        from people
        where people.id <> :actor_id and people.id in (
            select hosts.person_id from hosts join may_host(circles.id, hosts.person_id) as other_host on true
            where hosts.circle_id = circles.id
            union
            select stand_ins.person_id from stand_ins join people as stand_in on stand_in.id = stand_ins.person_id
            where stand_ins.gathering_id = gatherings.id and (stand_in.is_facilitator or stand_in.is_organizer)
        )
    ) as other_hosts,
    array(
        select bookings.person_id from bookings
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
    ) as people,
    array(
        select name_for_hosts(bookings.id, people.name) from bookings join people on people.id = bookings.person_id
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
        order by is_unanswered(bookings.id), people.name_key, bookings.seat
    ) as names,
    seated.ids as seated_ids, seated.names as seated_names, seated.since as seated_since,
    seated.held as seated_held
from gatherings join circles on circles.id = gatherings.circle_id
join may_act_for(circles.id, :actor_id) as host on host.may_change
cross join lateral (
    select
        coalesce(array_agg(bookings.id order by bookings.created_at, bookings.id), '{}') as ids,
        coalesce(array_agg(name_for_hosts(bookings.id, people.name) order by bookings.created_at, bookings.id), '{}') as names,
        coalesce(array_agg(bookings.created_at order by bookings.created_at, bookings.id), '{}') as since,
        coalesce(array_agg(bookings.state = 'held' order by bookings.created_at, bookings.id), '{}') as held
    from bookings join people on people.id = bookings.person_id
    where bookings.gathering_id = gatherings.id and bookings.state in ('held', 'confirmed')
) as seated
where gatherings.id = :id;

-- name: gathering_to_cancel(id, actor_id)^
-- a gathering with all that its cancel page shows, for somebody who may act for its circle
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.starts_at, gatherings.zone,
    gatherings.seats_taken, gatherings.ends_at <= now() as is_over,
    circles.name as circle_name, circles.discreet_name, circles.maximum, host.part,
    array(
        select bookings.id from bookings
        where bookings.gathering_id = gatherings.id and bookings.state in ('held', 'confirmed') order by bookings.id
    ) as booking_ids,
    array(
        select people.name from hosts join people on people.id = hosts.person_id
        join may_host(circles.id, people.id) as other_host on true
        where hosts.circle_id = circles.id and hosts.person_id <> :actor_id
        order by people.name_key, people.id
    ) as host_names,
    (
        select people.name from stand_ins join people on people.id = stand_ins.person_id
        where stand_ins.gathering_id = gatherings.id and stand_ins.person_id <> :actor_id
            and (people.is_facilitator or people.is_organizer)
    ) as stand_in_name
from gatherings join circles on circles.id = gatherings.circle_id
join may_manage(circles.id, :actor_id) as host on host.may_change
where gatherings.id = :id;

-- name: lock_gathering(id, actor_id)^
-- a gathering for somebody who may change it, locked
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.schedule_id, gatherings.by_hand,
    circles.state as circle_state,
    gatherings.starts_at <= now() as has_begun, gatherings.ends_at <= now() as is_over
from gatherings join circles on circles.id = gatherings.circle_id
join may_act_for(circles.id, :actor_id) as host on host.may_change
where gatherings.id = :id
for update of gatherings;

-- name: lock_to_cancel(id, actor_id)!
-- a gathering for somebody who may act for its circle, locked before it is canceled
select gatherings.id from gatherings
join may_manage(gatherings.circle_id, :actor_id) as host on host.may_change
where gatherings.id = :id
for update of gatherings;

-- name: planted_ahead(schedule_id, since)
-- the gatherings of a schedule that have not begun, all of them or from one on, with who has seats there
select
    gatherings.id, gatherings.planned_for, gatherings.state, gatherings.by_hand, gatherings.starts_at,
    gatherings.zone, gatherings.wall_start, gatherings.length_minutes, gatherings.capacity,
    coalesce(gatherings.community_planned, gatherings.community_seats) as community_seats, gatherings.note, gatherings.join_link, gatherings.city, gatherings.address,
    gatherings.seats_taken - seats_offered(gatherings.id) as seats_taken,
    gatherings.community_taken - community_offered(gatherings.id) as community_taken,
    array(
        select bookings.person_id from bookings
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
    ) as people,
    array(
        select name_for_hosts(bookings.id, people.name) from bookings join people on people.id = bookings.person_id
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
        order by is_unanswered(bookings.id), people.name_key, bookings.seat
    ) as names
from gatherings
where gatherings.schedule_id = :schedule_id and gatherings.starts_at > now()
    and (
        :since::uuid is null
        or gatherings.planned_for >= (select planned_for from gatherings where id = :since)
    )
order by gatherings.planned_for;

-- name: lock_planted(schedule_id)
-- the same gatherings, locked in the order of their ids
select id from gatherings where schedule_id = :schedule_id and starts_at > now() order by id for update;

-- name: following(schedule_id, since)
-- a gathering of a schedule and all that were planned for a later date
select id, planned_for from gatherings
where schedule_id = :schedule_id and planned_for >= (select planned_for from gatherings where id = :since);

-- name: save_gathering(id, wall_start, zone, starts_at, length_minutes, capacity, community_seats, note, join_link, city, address, oddity, by_hand, place_changes)!
-- the time, place and terms of a gathering; place_changes: 1 when it gets another place, which column told counts
update gatherings set
    wall_start = :wall_start, zone = :zone, starts_at = :starts_at,
    ends_at = :starts_at::timestamptz + make_interval(mins => :length_minutes),
    length_minutes = :length_minutes, capacity = :capacity, note = :note,
    community_seats = case when community_planned is null then :community_seats else community_seats end,
    community_planned = case when community_planned is not null then :community_seats end,
    join_link = :join_link, city = :city, address = :address, oddity = :oddity, by_hand = :by_hand,
    told = told + :place_changes, version = version + 1
where id = :id;

-- name: set_by_hand(id, by_hand)!
-- whether a gathering was changed by hand, so that a change of its schedule leaves it alone
update gatherings set by_hand = :by_hand, version = version + 1 where id = :id;

-- name: detach(ids)!
-- gatherings belong to no schedule for a moment, so that each can take a date that another has yet to leave
update gatherings set schedule_id = null, planned_for = null where id = any(:ids::uuid []);

-- name: attach(ids, dates, schedule_id)!
-- gatherings belong to another schedule, or to other dates of their own, from now on
update gatherings set schedule_id = :schedule_id, planned_for = given.day
from unnest(:ids::uuid [], :dates::date []) as given (id, day)
where gatherings.id = given.id;

-- name: set_gathering_state(id, state, reason)!
-- a gathering opens or is cancelled
update gatherings set state = :state, cancel_reason = :reason, version = version + 1 where id = :id;

-- name: delete_draft(id)!
-- a draft that only its hosts have read
delete from gatherings where id = :id and state = 'draft';

-- name: delete_unbooked(id)$
-- a planted gathering that nobody ever booked or waited for
delete from gatherings
where id = :id and not exists (select from bookings where bookings.gathering_id = gatherings.id)
    and not exists (select from waits where waits.gathering_id = gatherings.id)
returning id;

-- name: other_hosts(circle_id, gathering_ids, actor_id)
-- the hosts of a circle and the stand-ins of some of its gatherings, without the actor
select people.id, people.name, people.email, people.zone, people.clock_hours
from people
where people.id <> :actor_id and people.id in (
    select hosts.person_id from hosts join may_host(hosts.circle_id, hosts.person_id) as host on true
    where hosts.circle_id = :circle_id
    union
    select stand_ins.person_id from stand_ins join people as stand_in on stand_in.id = stand_ins.person_id
    where stand_ins.gathering_id = any(:gathering_ids::uuid [])
        and (stand_in.is_facilitator or stand_in.is_organizer)
)
order by people.name_key, people.id;

-- name: canceled_gathering(id)^
-- what other hosts are told of a gathering that was canceled
select gatherings.circle_id, gatherings.starts_at, gatherings.zone, gatherings.cancel_reason, circles.discreet_name
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.id = :id;

-- name: booked_ahead(circle_id)
-- the open gatherings of a circle that are not over and in which somebody has a seat, with what each has of its own
select
    gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.city, gatherings.address, gatherings.join_link,
    gathering_facts(gatherings.id) as facts, seated.ids as people, seated.names
from gatherings
cross join lateral (
    select
        coalesce(
            array_agg(people.id order by is_unanswered(bookings.id), people.name_key, people.id), '{}'
        ) as ids,
        coalesce(
            array_agg(
                name_for_hosts(bookings.id, people.name)
                order by is_unanswered(bookings.id), people.name_key, people.id
            ), '{}'
        ) as names
    from bookings join people on people.id = bookings.person_id
    where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
) as seated
where gatherings.circle_id = :circle_id and gatherings.state = 'open' and gatherings.ends_at > now()
    and seated.ids <> '{}'
order by gatherings.starts_at, gatherings.id;

-- name: lock_not_over(circle_id)
-- the gatherings of a circle that are not over, locked in the order of their ids
select id from gatherings where circle_id = :circle_id and ends_at > now() order by id for update;

-- name: lock_ahead(circle_id)
-- the planned gatherings of a circle that have not begun, locked, with the time that their schedule has for them
select
    gatherings.id, gatherings.planned_for, gatherings.state, gatherings.by_hand, gatherings.starts_at,
    gatherings.zone, gatherings.wall_start, gatherings.length_minutes, gatherings.capacity,
    coalesce(gatherings.community_planned, gatherings.community_seats) as community_seats, gatherings.note, gatherings.join_link, gatherings.city, gatherings.address,
    gatherings.seats_taken - seats_offered(gatherings.id) as seats_taken,
    gatherings.community_taken - community_offered(gatherings.id) as community_taken,
    gatherings.oddity, '{}'::uuid [] as people, '{}'::text [] as names,
    case when not gatherings.by_hand then gatherings.planned_for + schedules.wall_time end as schedule_start
from gatherings left join schedules on schedules.id = gatherings.schedule_id
where gatherings.circle_id = :circle_id and gatherings.state <> 'cancelled' and gatherings.starts_at > now()
order by gatherings.id
for update of gatherings;
