-- name: bookable_gatherings(ids)
-- gatherings with all that a booking needs of them; drafts are left out
select * from bookable_gatherings where gathering_id = any(:ids::uuid[]);

-- name: ahead(actor_id, since, seconds, where, format, days, parts, first, until, means, seats, most, most_read, after, limit, offset)
-- a page of the open gatherings ahead that pass the filters (see open_ahead), from the gathering `after` on, with the reader's
-- own seats. total counts them, up to `most`, among the next `most_read` gatherings; is_part: there are gatherings after those
with counted_until as materialized (
    select coalesce((
        select gatherings.starts_at from gatherings
        where gatherings.starts_at > greatest(now(), :first::date - interval '2 days')
        order by gatherings.starts_at offset :most_read::int limit 1
    ), 'infinity') as starts_at
)
select
    cards.*, own_seat(cards.id, :actor_id) as own,
    (select starts_at < 'infinity' from counted_until) as is_part,
    (
        select count(*) from (
            select from open_ahead(
                :since, :seconds, :where, :format, :days, :parts, :first, :until, :means, :seats
            ) as open_ones
            where open_ones.starts_at <= (select counted_until.starts_at from counted_until)
            limit :most
        ) as counted
    ) as total
from (
    select open_ones.id
    from open_ahead(:since, :seconds, :where, :format, :days, :parts, :first, :until, :means, :seats) as open_ones
    where (open_ones.starts_at, open_ones.id) > (
        -- from now on, not from the beginning: else the index is read through all that is past
        coalesce((select gatherings.starts_at from gatherings where gatherings.id = :after), now()),
        coalesce(:after, '00000000-0000-0000-0000-000000000000')
    )
    order by open_ones.starts_at, open_ones.id
    limit :limit offset :offset
) as page
join gathering_cards as cards on cards.id = page.id
order by cards.starts_at, cards.id;

-- name: gathering_page(actor_id, id)^
-- one gathering for visitors, with its hosts and the other dates of its circle; how the circle admits the reader, their
-- own seats and those at overlapping hours; no row for a draft
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.starts_at, gatherings.ends_at,
    gatherings.zone, gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken, gatherings.note,
    circles.name as circle_name, circles.discreet_name, circles.state as circle_state, circles.purpose, circles.format,
    circles.place, coalesce(nullif(gatherings.city, ''), circles.city) as city,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    circles.refund_hours, circles.late_refund_percent,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', people.id, 'name', people.name, 'pronouns', people.pronouns, 'part', hosts.part,
                'has_page', people.is_facilitator or people.is_organizer
            )
            order by hosts.part = 'lead' desc, people.name_key
        ), '[]')
        from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = circles.id and hosts.part <> 'helper' and (people.is_facilitator or people.is_organizer)
    ) as hosts,
    (
        select jsonb_build_object(
            'id', people.id, 'name', people.name, 'pronouns', people.pronouns,
            'has_page', people.is_facilitator or people.is_organizer
        )
        from stand_ins join people on people.id = stand_ins.person_id
        where stand_ins.gathering_id = gatherings.id and (people.is_facilitator or people.is_organizer)
    ) as stand_in,
    (
        select coalesce(jsonb_agg(dated order by dated.starts_at), '[]') from (
            select
                other.id, other.starts_at, other.zone, other.length_minutes, other.capacity, other.seats_taken,
                other.community_seats, other.community_taken, other.state, own_seat(other.id, :actor_id) as own
            from gatherings as other
            where other.circle_id = circles.id and other.id <> gatherings.id
                and other.state = 'open' and other.starts_at > now()
            order by other.starts_at limit 4
        ) as dated
    ) as others,
    (
        select jsonb_build_object(
            'is_sold', is_sold, 'uses', uses, 'weeks', weeks, 'minimum', minimum, 'suggested', suggested, 'maximum', maximum,
            'currency', currency
        )
        from pass_offers where pass_offers.circle_id = circles.id order by number desc limit 1
    ) as pass_offer,
    own_seat(gatherings.id, :actor_id) as own, overlaps_of(gatherings.id, :actor_id) as overlaps,
    clock_timestamp() as now, to_jsonb(admission)
    || jsonb_build_object(
        'newcomers', case when admission.newcomers_most is null then 0 else newcomers_at(gatherings.id) end
    ) as admission
from gatherings join circles on circles.id = gatherings.circle_id
cross join admission_to(circles.id, :actor_id, gatherings.id) as admission
where gatherings.id = :id and gatherings.state <> 'draft' and circles.state <> 'draft';

-- name: circle_page(actor_id, id)^
-- one circle for visitors, with its guidelines, the ids of its hosts, its next gatherings with the reader's own seats,
-- and how it admits the reader; no row for a draft
select
    circles.id, circles.name, circles.discreet_name, circles.purpose, circles.format, circles.place, circles.city,
    circles.zone, circles.capacity, circles.length_minutes, circles.currency, circles.minimum, circles.suggested,
    circles.maximum, circles.community_seats, circles.refund_hours, circles.late_refund_percent, circles.state,
    newest.body as guidelines, newest.number as guidelines_number, newest.published_at as guidelines_published_at,
    array(
        select people.id from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = circles.id and hosts.part <> 'helper' and (people.is_facilitator or people.is_organizer)
        order by hosts.part = 'lead' desc, hosts.part, people.name_key, people.id
    ) as host_ids,
    (
        select coalesce(jsonb_agg(dated order by dated.starts_at), '[]') from (
            select
                gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.length_minutes,
                gatherings.capacity, gatherings.seats_taken, gatherings.community_seats,
                gatherings.community_taken, gatherings.state, own_seat(gatherings.id, :actor_id) as own
            from gatherings
            where gatherings.circle_id = circles.id and gatherings.state = 'open' and gatherings.starts_at > now()
            order by gatherings.starts_at limit 6
        ) as dated
    ) as ahead,
    array(
        select circle_addresses.slug from circle_addresses
        where circle_addresses.circle_id = circles.id and circle_addresses.is_current
    ) as slugs,
    (
        select jsonb_build_object(
            'is_sold', is_sold, 'uses', uses, 'weeks', weeks, 'minimum', minimum, 'suggested', suggested, 'maximum', maximum,
            'currency', currency
        )
        from pass_offers where pass_offers.circle_id = circles.id order by number desc limit 1
    ) as pass_offer,
    to_jsonb(admission) || '{"newcomers": 0}' as admission
from circles
cross join admission_to(circles.id, :actor_id, null) as admission
cross join lateral (
    select body, number, published_at from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as newest
where circles.id = :id and circles.state <> 'draft';

-- name: circles_of_host(actor_id, person_id)
-- the published circles of a facilitator, with the next gathering of each and the reader's own seat there
select
    circles.id, circles.name, circles.format, circles.place, circles.city, hosts.part,
    next_one.id as next_id, next_one.starts_at, next_one.zone, own_seat(next_one.id, :actor_id) as own
from hosts join circles on circles.id = hosts.circle_id
left join lateral (
    select gatherings.id, gatherings.starts_at, gatherings.zone from gatherings
    where gatherings.circle_id = circles.id and gatherings.state = 'open' and gatherings.starts_at > now()
    order by gatherings.starts_at limit 1
) as next_one on true
where hosts.person_id = :person_id and hosts.part <> 'helper' and circles.state = 'published'
order by circles.name_key, circles.id;
