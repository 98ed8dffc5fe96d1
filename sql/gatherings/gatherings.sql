-- name: offers(ids)
-- gatherings with all that a booking needs of them; no drafts
select
    gatherings.id as gathering_id, circles.id as circle_id, circles.name as circle_name,
    circles.discreet_name, gatherings.state, circles.state as circle_state,
    gatherings.starts_at, gatherings.ends_at, gatherings.zone, gatherings.wall_start,
    gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken,
    circles.place, circles.format,
    coalesce(nullif(gatherings.city, ''), circles.city) as city,
    coalesce(nullif(gatherings.address, ''), circles.address) as address,
    coalesce(nullif(gatherings.join_link, ''), circles.join_link) as join_link,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    circles.refund_hours, circles.late_refund_percent, circles.guidelines_id,
    gatherings.note, gatherings.cancel_reason,
    hosting.ids as host_ids, hosting.names as host_names
from gatherings join circles on circles.id = gatherings.circle_id
cross join lateral (
    select
        coalesce(array_agg(people.id order by hosts.part = 'lead' desc, people.name), '{}') as ids,
        coalesce(array_agg(people.name order by hosts.part = 'lead' desc, people.name), '{}') as names
    from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = circles.id and hosts.part <> 'helper'
) as hosting
where gatherings.id = any(:ids::uuid[]) and gatherings.state <> 'draft' and circles.state <> 'draft';

-- name: ahead(zone, where, format, days, parts, after, until, means, seats, most, skip)
-- open gatherings ahead that the filters let through, and how many there are on all pages; null lets all through
select cards.*, count(*) over () as how_many
from gathering_cards as cards
cross join lateral (
    select cards.starts_at at time zone coalesce(:zone::text, cards.zone) as wall
) as here
where cards.starts_at > now()
    and (:where::text is null or cards.place = :where)
    and (:format::text is null or cards.format = :format)
    and (:days::int [] is null or extract(isodow from here.wall) = any(:days::int []))
    and (
        :parts::text [] is null
        or case
            when extract(hour from here.wall) < 12 then 'morning'
            when extract(hour from here.wall) < 18 then 'afternoon'
            else 'evening'
        end = any(:parts::text [])
    )
    and (:after::date is null or here.wall::date >= :after)
    and (:until::date is null or here.wall::date <= :until)
    and (
        :means::int is null or cards.minimum <= :means
        or (cards.community_seats > cards.community_taken and cards.seats_taken < cards.capacity)
    )
    and (not :seats::boolean or cards.seats_taken < cards.capacity)
order by cards.starts_at, cards.id
limit :most offset :skip;

-- name: gathering_page(id)^
-- one gathering as visitors see it, with its hosts and the other dates of its circle; no drafts
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.starts_at, gatherings.ends_at,
    gatherings.zone, gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken, gatherings.note,
    circles.name as circle_name, circles.state as circle_state, circles.purpose, circles.format,
    circles.place, coalesce(nullif(gatherings.city, ''), circles.city) as city,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    circles.refund_hours, circles.late_refund_percent,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', people.id, 'name', people.name, 'pronouns', people.pronouns, 'part', hosts.part,
                'has_page', people.is_facilitator or people.is_organizer
            )
            order by hosts.part = 'lead' desc, people.name
        ), '[]')
        from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = circles.id and hosts.part <> 'helper'
    ) as hosts,
    (
        select jsonb_build_object(
            'id', people.id, 'name', people.name, 'pronouns', people.pronouns,
            'has_page', people.is_facilitator or people.is_organizer
        )
        from stand_ins join people on people.id = stand_ins.person_id
        where stand_ins.gathering_id = gatherings.id
    ) as stand_in,
    (
        select coalesce(jsonb_agg(dated order by dated.starts_at), '[]') from (
            select
                other.id, other.starts_at, other.zone, other.length_minutes, other.capacity, other.seats_taken,
                other.community_seats, other.community_taken, other.state
            from gatherings as other
            where other.circle_id = circles.id and other.id <> gatherings.id
                and other.state = 'open' and other.starts_at > now()
            order by other.starts_at limit 4
        ) as dated
    ) as others
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.id = :id and gatherings.state <> 'draft' and circles.state <> 'draft';

-- name: circle_page(id)^
-- one circle as visitors see it, with its guidelines, the ids of its hosts and its next gatherings; no drafts
select
    circles.id, circles.name, circles.purpose, circles.format, circles.place, circles.city, circles.zone,
    circles.capacity, circles.length_minutes, circles.currency, circles.minimum, circles.suggested,
    circles.maximum, circles.community_seats, circles.refund_hours, circles.late_refund_percent, circles.state,
    words.body as guidelines, words.number as guidelines_number, words.published_at as guidelines_published_at,
    array(
        select hosts.person_id from hosts where hosts.circle_id = circles.id and hosts.part <> 'helper'
        order by hosts.part = 'lead' desc, hosts.part, hosts.person_id
    ) as host_ids,
    (
        select coalesce(jsonb_agg(dated order by dated.starts_at), '[]') from (
            select
                gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.length_minutes,
                gatherings.capacity, gatherings.seats_taken, gatherings.community_seats,
                gatherings.community_taken, gatherings.state
            from gatherings
            where gatherings.circle_id = circles.id and gatherings.state = 'open' and gatherings.starts_at > now()
            order by gatherings.starts_at limit 6
        ) as dated
    ) as ahead
from circles
cross join lateral (
    select body, number, published_at from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as words
where circles.id = :id and circles.state <> 'draft';

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
