-- The search, its cards, and short lists.

-- name: cards(ids)
-- Shown listings as their cards show them, in no order.
select
    listings.id, listings.name, listings.letters, listings.pronouns, listings.headline, listings.city, listings.area,
    case when not listings.unsaid @> array['telehealth'] then listings.telehealth end as telehealth,
    case when not listings.unsaid @> array['in_person'] then listings.in_person end as in_person,
    listings.experience, listings.works_with,
    case when listings.unsaid @> array['languages'] then '{}' else listings.languages end as languages,
    listings.currency, case when not listings.unsaid @> array['fee'] then listings.fee_minimum end as fee_minimum,
    case when not listings.unsaid @> array['fee'] then listings.fee_maximum end as fee_maximum,
    listings.sliding_floor, listings.fee_slides, listings.lowest_fee, listings.pro_bono_places,
    case when not listings.unsaid @> array['insurance'] then listings.takes_insurance end as takes_insurance,
    listings.gives_superbills, listings.free_consultation,
    case when listings.unsaid @> array['room'] then '' else listings.room end as room, listings.picture_hash, listings.latitude, listings.longitude, listings.marked_at is not null as marked,
    array(
        select distinct licences.area from licences
        where
            licences.listing_id = listings.id and licences.status = 'active'
            and coalesce(licences.expires_on >= (now() at time zone 'utc')::date, true)
        order by licences.area
    ) as licensed,
    array(
        select array[way_code(ways.way), ways.credential, ways.school] from listing_ways as ways
        where ways.listing_id = listings.id
        order by ways.credential = '', ways.way
    ) as ways
from listings
where listings.id = any(:ids::uuid []) and listings.state = 'shown';

-- name: search(kinds, facets, choices, q, fee_from, fee, area, latitude, longitude, miles, near_only, day, max_ranked, several, page_offset, page_size)^
-- The counts of every facet under all other choices, and one page of the listings that fit all, in their order of the day.
with fits as materialized (
    select each.left_out, each.block, each.bits
    from search_fits(
        :kinds::text [], :facets::text [], :choices::text [], :q::text, :fee_from::integer, :fee::integer,
        :area::text, :latitude::float8, :longitude::float8, :miles::float8, :near_only::boolean
    ) as each
), added as materialized (
    -- A facet is counted among those who fit all choices but its own. Materialized: a sort of whole bits is slow.
    select blocks.facet, bit_count(blocks.bits & fits.bits) as how_many
    from facet_blocks as blocks
    join fits
        on fits.block = blocks.block
        and fits.left_out = case when blocks.kind = any(:choices::text []) then blocks.kind else '' end
    union all
    select 'near', get_bit(fits.bits, near.number % 4096)
    from offices_near(:area::text, :latitude::float8, :longitude::float8, :miles::float8) as near (number)
    join fits
        on fits.block = near.number / 4096
        and fits.left_out = case when 'where' = any(:choices::text []) then 'where' else '' end
    union all
    select 'without:' || fits.left_out, bit_count(fits.bits)
    from fits
    where fits.left_out <> ''
), by_room as (
    -- Who fits all, by room for new people; within that the blocks, and in a block the listings, in the order of the day.
    select each.room, fits.block, each.bits, bit_count(each.bits) as how_many,
        sum(bit_count(each.bits)) over (order by each.room, hashint4extended(fits.block, :day::bigint)) as up_to,
        sum(bit_count(each.bits)) over () <= :max_ranked::integer
        and (:q::text <> '' or cardinality(:several::text []) > 0) as closest
    from fits
    join facet_blocks as rooms
        on rooms.block = fits.block and rooms.facet = any(array['room:now', 'room:waiting', 'room:unsaid', 'room:closed'])
    cross join lateral (
        select array_position(array['room:now', 'room:waiting', 'room:unsaid', 'room:closed'], rooms.facet) as room,
            fits.bits & rooms.bits as bits
    ) as each
    where fits.left_out = ''
), needed as materialized (
    -- The blocks the page lies in; all of them while so few fit that the closest go first.
    select by_room.room, by_room.block, by_room.bits, by_room.up_to, by_room.closest,
        case when by_room.closest then 0 else by_room.up_to - by_room.how_many end as before
    from by_room
    where
        by_room.how_many > 0
        and (
            by_room.closest
            or int8range(:page_offset::bigint, :page_offset::bigint + :page_size::bigint)
            && int8range((by_room.up_to - by_room.how_many)::bigint, by_room.up_to::bigint)
        )
), matched as (
    -- Of several facets of one choice, how many each listing has.
    select each.number, count(*) as how_many
    from needed
    join facet_blocks as blocks on blocks.block = needed.block and blocks.facet = any(:several::text [])
    cross join lateral listing_numbers(needed.block, blocks.bits & needed.bits) as each (number)
    where needed.closest
    group by each.number
), paged as (
    select
        each.number,
        row_number() over (
            order by
                case when needed.closest and :q::text <> '' then (
                    select round(ts_rank(listings.search, (select looked_for(:q::text))) * 10)
                    from listings
                    where listings.number = each.number
                ) end desc nulls last,
                matched.how_many desc nulls last, needed.room, needed.up_to,
                hashint4extended(each.number, :day::bigint), each.number
        ) as place
    from needed
    cross join lateral listing_numbers(needed.block, needed.bits) as each (number)
    left join matched on matched.number = each.number
)
select
    (
        select jsonb_object_agg(counted.facet, counted.how_many)
        from (select added.facet, sum(added.how_many) as how_many from added group by added.facet) as counted
        where counted.how_many > 0
    ) as counts,
    array(
        select listings.id
        from (
            select paged.number, paged.place from paged
            order by paged.place
            limit :page_size::integer
            offset :page_offset::integer - (select coalesce(min(needed.before), 0) from needed)
        ) as page
        join listings on listings.number = page.number
        order by page.place
    ) as ids;

-- name: kept_list(person_id)
-- The short list in an account, in its order.
select listing_id from short_lists where person_id = :person_id order by added_at, listing_id;

-- name: delete_list(person_id)!
-- Delete the short list in an account.
delete from short_lists where person_id = :person_id;

-- name: insert_list(person_id, ids)!
-- Keep the shown listings of a short list in an account, in their order.
insert into short_lists (person_id, listing_id, added_at)
select :person_id::uuid, listings.id, now() + given.place * interval '1 millisecond'
from unnest(:ids::uuid []) with ordinality as given (id, place)
join listings on listings.id = given.id and listings.state = 'shown'
on conflict (person_id, listing_id) do nothing;
