-- name: hosted_circles(person)
-- the circles a person hosts, with what is next in each
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
from circles join may_host(circles.id, :person) as host on true
order by circles.state = 'archived', circles.name, circles.id;

-- name: hosted_circle(id, person)^
-- one circle for its hosts, with its guidelines and its gatherings ahead and lately
select
    circles.id, circles.name, circles.discreet_name, circles.purpose, circles.format, circles.place, circles.city,
    circles.address, circles.join_link, circles.zone, circles.capacity, circles.length_minutes, circles.currency,
    circles.minimum, circles.suggested, circles.maximum, circles.community_seats, circles.refund_hours,
    circles.late_refund_percent, circles.state, circles.version, circles.guidelines_id, host.part,
    words.body as guidelines, words.number as guidelines_number, words.published_at as guidelines_published_at,
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
join may_host(circles.id, :person) as host on true
cross join lateral (
    select body, number, published_at from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as words
where circles.id = :id;

-- name: add_circle(name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes, currency, minimum, suggested, maximum, community_seats, refund_hours, late_refund_percent, guidelines_id, by)<!
-- a new circle, as a draft
insert into circles (
    name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes,
    currency, minimum, suggested, maximum, community_seats, refund_hours, late_refund_percent, guidelines_id,
    created_by
) values (
    :name, :discreet_name, :purpose, :format, :place, :city, :address, :join_link, :zone, :capacity,
    :length_minutes, :currency, :minimum, :suggested, :maximum, :community_seats, :refund_hours,
    :late_refund_percent, :guidelines_id, :by
) returning id;

-- name: add_host(circle_id, person_id, part)!
-- somebody hosts a circle
insert into hosts (circle_id, person_id, part) values (:circle_id, :person_id, :part);

-- name: lock_circle(id, person)^
-- a circle for somebody who may change it, locked, with its newest guidelines and the seats taken ahead
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
from circles join may_host(circles.id, :person) as host on host.may_change
where circles.id = :id
for update of circles;

-- name: save_circle(id, name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes, currency, minimum, suggested, maximum, community_seats, refund_hours, late_refund_percent)!
-- what a circle is made of, and one more version of it
update circles set
    name = :name, discreet_name = :discreet_name, purpose = :purpose, format = :format, place = :place,
    city = :city, address = :address, join_link = :join_link, zone = :zone, capacity = :capacity,
    length_minutes = :length_minutes, currency = :currency, minimum = :minimum, suggested = :suggested,
    maximum = :maximum, community_seats = :community_seats, refund_hours = :refund_hours,
    late_refund_percent = :late_refund_percent, version = version + 1
where id = :id;

-- name: set_circle_state(id, state)!
-- a circle is published or archived
update circles set state = :state, version = version + 1 where id = :id;

-- name: every_circle(most, skip)
-- all circles for organizers, with their hosts, what is ahead and how many there are on all pages
select
    circles.id, circles.name, circles.discreet_name, circles.state, circles.format, circles.place, circles.city,
    circles.zone, circles.currency, circles.minimum, circles.suggested, circles.maximum,
    array(
        select people.name from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = circles.id order by hosts.part = 'lead' desc, people.name
    ) as host_names,
    next_one.id as next_id, next_one.starts_at as next_starts_at, next_one.zone as next_zone,
    next_one.capacity as next_capacity, next_one.seats_taken as next_seats_taken,
    coalesce(next_one.how_many, 0) as ahead, count(*) over () as how_many
from circles
left join lateral (
    select id, starts_at, zone, capacity, seats_taken, count(*) over () as how_many
    from gatherings
    where circle_id = circles.id and gatherings.state = 'open' and starts_at > now()
    order by starts_at limit 1
) as next_one on true
order by circles.state = 'archived', circles.name, circles.id
limit :most offset :skip;
