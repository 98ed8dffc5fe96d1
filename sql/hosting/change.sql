-- name: hosted_for_change(id, person)^
-- a gathering with all its change page shows, for somebody who may change it
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.version, gatherings.starts_at,
    gatherings.ends_at, gatherings.zone, gatherings.wall_start, gatherings.length_minutes, gatherings.capacity,
    gatherings.community_seats, gatherings.note, gatherings.join_link, gatherings.city, gatherings.address,
    gatherings.seats_taken, gatherings.community_taken, gatherings.schedule_id, gatherings.planned_for,
    gatherings.by_hand, gatherings.starts_at <= now() as has_begun,
    circles.name as circle_name, circles.place, circles.zone as circle_zone, circles.minimum, circles.suggested,
    circles.maximum, circles.currency,
    array(
        select people.name from bookings join people on people.id = bookings.person_id
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
        order by lower(people.name), people.id
    ) as names,
    seated.ids as seated_ids, seated.names as seated_names, seated.since as seated_since,
    seated.held as seated_held
from gatherings join circles on circles.id = gatherings.circle_id
join may_host(circles.id, :person) as host on host.may_change
cross join lateral (
    select
        coalesce(array_agg(bookings.id order by bookings.created_at, bookings.id), '{}') as ids,
        coalesce(array_agg(people.name order by bookings.created_at, bookings.id), '{}') as names,
        coalesce(array_agg(bookings.created_at order by bookings.created_at, bookings.id), '{}') as since,
        coalesce(array_agg(bookings.state = 'held' order by bookings.created_at, bookings.id), '{}') as held
    from bookings join people on people.id = bookings.person_id
    where bookings.gathering_id = gatherings.id and bookings.state in ('held', 'confirmed')
) as seated
where gatherings.id = :id;

-- name: lock_for_change(id)!
-- a gathering is locked before it changes
select from gatherings where id = :id for update;

-- name: change(id, wall_start, zone, starts_at, length_minutes, capacity, community_seats, note, join_link, city, address, oddity, by_hand, told)!
-- what a gathering is made of
update gatherings set
    wall_start = :wall_start, zone = :zone, starts_at = :starts_at,
    ends_at = :starts_at::timestamptz + make_interval(mins => :length_minutes),
    length_minutes = :length_minutes, capacity = :capacity, community_seats = :community_seats, note = :note,
    join_link = :join_link, city = :city, address = :address, oddity = :oddity, by_hand = :by_hand,
    told = told + :told, version = version + 1
where id = :id;

-- name: set_by_hand(id, by_hand)!
-- whether a gathering goes its own way, which a change of its rule leaves alone
update gatherings set by_hand = :by_hand, version = version + 1 where id = :id;

-- name: drop_unbooked(id)$
-- a planted gathering that nobody ever booked is taken away
delete from gatherings
where id = :id and not exists (select from bookings where bookings.gathering_id = gatherings.id)
returning id;

-- name: overlapping(circle_id, others, starts, ends, most)
-- gatherings of the same hosts that lie across one of these times, but for some; the earliest first
select distinct gatherings.id, gatherings.starts_at, gatherings.zone, circles.name as circle_name
from unnest(:starts::timestamptz [], :ends::timestamptz []) as given (starts_at, ends_at)
join gatherings on gatherings.starts_at < given.ends_at and gatherings.ends_at > given.starts_at
join circles on circles.id = gatherings.circle_id
where gatherings.state <> 'cancelled' and gatherings.ends_at > now()
    and gatherings.id <> all(:others::uuid [])
    and exists (
        select from hosts as here join hosts as there on there.person_id = here.person_id
        where here.circle_id = :circle_id and there.circle_id = circles.id
            and here.part <> 'helper' and there.part <> 'helper'
    )
order by gatherings.starts_at
limit :most;

-- name: to_invite(gathering_id)
-- the confirmed bookings of a gathering, whose people are told of a change
select id from bookings where gathering_id = :gathering_id and state = 'confirmed' order by id;

-- name: hosted_gathering(id, person)^
-- a gathering for somebody who may change it, to be asked about once before it is cancelled
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.starts_at, gatherings.zone,
    gatherings.seats_taken, gatherings.ends_at <= now() as is_over,
    circles.name as circle_name, circles.maximum,
    (
        select people.name from stand_ins join people on people.id = stand_ins.person_id
        where stand_ins.gathering_id = gatherings.id and stand_ins.person_id <> :person
    ) as stand_in_name
from gatherings join circles on circles.id = gatherings.circle_id
join may_host(circles.id, :person) as host on host.may_change
where gatherings.id = :id;

-- name: lock_gathering(id, person)^
-- a gathering for somebody who may change it, locked
select
    gatherings.id, gatherings.circle_id, gatherings.state, circles.state as circle_state,
    gatherings.starts_at <= now() as has_begun, gatherings.ends_at <= now() as is_over
from gatherings join circles on circles.id = gatherings.circle_id
join may_host(circles.id, :person) as host on host.may_change
where gatherings.id = :id
for update of gatherings;

-- name: set_gathering_state(id, state, reason)!
-- a gathering opens or is cancelled
update gatherings set state = :state, cancel_reason = :reason, version = version + 1 where id = :id;

-- name: drop_draft(id)!
-- a draft nobody has seen is thrown away
delete from gatherings where id = :id and state = 'draft';
