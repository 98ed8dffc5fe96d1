-- Finding: the named queries of the search, of the cards and of the short list.

-- name: cards(ids)
-- shown listings as small cards show them, in no order
select
    listings.id, listings.name, listings.letters, listings.pronouns, listings.headline, listings.city, listings.area,
    listings.telehealth, listings.in_person, listings.experience, listings.works_with, listings.languages,
    listings.currency, listings.fee_minimum, listings.fee_maximum, listings.sliding_floor, listings.lowest_fee,
    listings.pro_bono_places, listings.takes_insurance, listings.gives_superbills, listings.free_consultation,
    listings.room, listings.picture_hash, listings.latitude, listings.longitude, listings.marked_at is not null as marked,
    array(
        select distinct licences.area from licences
        where
            licences.listing_id = listings.id and licences.status = 'active'
            and coalesce(licences.expires_on >= (now() at time zone 'utc')::date, true)
        order by licences.area
    ) as licensed,
    array(
        select array[ways.way, ways.credential, ways.school] from listing_ways as ways
        where ways.listing_id = listings.id
        order by ways.credential = '', ways.way
    ) as ways
from listings
where listings.id = any(:ids::uuid []) and listings.state = 'shown';

-- name: search(q, south, north, west, east, office, latitude, longitude, miles, fee_from, fee, kinds, facets, near_only, free, active, day, several, few, skip, most)^
-- the counts of every facet under all other choices, and one page of those who fit, in their order of the day
with wanted as materialized (
    select looked_for(:q::text) as words
), numbered as materialized (
    select 'words' as kind, listings.number from listings
    where
        :q::text <> '' and listings.state = 'shown'
        and listings.search @@ (select wanted.words from wanted)
    union all
    select 'near', listings.number from listings
    where
        listings.state = 'shown' and listings.in_person
        and listings.latitude between :south::float8 and :north::float8
        and listings.longitude between :west::float8 and :east::float8
        and listings.facets @> array[:office::text]
        and 7917.6 * asin(sqrt(least(
            1,
            sin(radians(listings.latitude - :latitude::float8) / 2) ^ 2
            + cos(radians(:latitude::float8)) * cos(radians(listings.latitude))
            * sin(radians(listings.longitude - :longitude::float8) / 2) ^ 2
        ))) <= :miles::float8
    union all
    select 'fee', listings.number from listings
    where
        listings.state = 'shown' and listings.currency = 'USD'
        and listings.lowest_fee > :fee_from::integer and listings.lowest_fee <= :fee::integer
), marks as materialized (
    select each.kind, each.block, bit_or(each.bits) as bits
    from (
        select asked.kind, blocks.block, blocks.bits
        from unnest(:kinds::text [], :facets::text []) as asked (kind, facet)
        join facet_blocks as blocks on blocks.facet = asked.facet
        union all
        select
            case numbered.kind when 'near' then 'where' else numbered.kind end, numbered.number / 4096,
            set_bit(0::bit(4096), numbered.number % 4096, 1)
        from numbered
        where numbered.kind <> 'near' or :near_only::boolean
    ) as each
    group by each.kind, each.block
), passes as materialized (
    -- who fits all choices, or all but the one left out. A block that lacks a choice has nobody.
    select each.left_out, marks.block, bit_and(marks.bits) as bits
    from unnest(:free::text []) as each (left_out)
    join marks on marks.kind <> each.left_out
    group by each.left_out, marks.block
    having count(*) = cardinality(:active::text []) - case each.left_out when '' then 0 else 1 end
), added as materialized (
    select blocks.facet, bit_count(blocks.bits & passes.bits)::integer as how_many
    from facet_blocks as blocks
    join passes
        on passes.block = blocks.block
        and passes.left_out = case when blocks.kind = any(:free::text []) then blocks.kind else '' end
    union all
    select 'near', get_bit(passes.bits, numbered.number % 4096)
    from numbered
    join passes
        on passes.block = numbered.number / 4096
        and passes.left_out = case when 'where' = any(:free::text []) then 'where' else '' end
    where numbered.kind = 'near'
    union all
    select 'without:' || passes.left_out, bit_count(passes.bits)::integer
    from passes
    where passes.left_out <> ''
), rooms as (
    -- who fits by room for new people: now, on a waiting list, neither, and the blocks in the order of the day
    select each.room, passes.block, each.bits, bit_count(each.bits) as how_many,
        sum(bit_count(each.bits)) over (order by each.room, hashint4extended(passes.block, :day::bigint)) as up_to,
        sum(bit_count(each.bits)) over () as fit
    from passes
    left join facet_blocks as taking on taking.block = passes.block and taking.facet = 'room:now'
    left join facet_blocks as waiting on waiting.block = passes.block and waiting.facet = 'room:waiting'
    cross join lateral (
        values
        (1, passes.bits & coalesce(taking.bits, 0::bit(4096))),
        (2, passes.bits & coalesce(waiting.bits, 0::bit(4096)) & ~ coalesce(taking.bits, 0::bit(4096))),
        (3, passes.bits & ~ (coalesce(taking.bits, 0::bit(4096)) | coalesce(waiting.bits, 0::bit(4096))))
    ) as each (room, bits)
    where passes.left_out = ''
), needed as materialized (
    -- the blocks the page lies in, or all of them while so few fit that the closest go first
    select rooms.room, rooms.block, rooms.bits, rooms.up_to, rooms.up_to - rooms.how_many as before,
        (:q::text <> '' or cardinality(:several::text []) > 0) and rooms.fit <= :few::integer as closest
    from rooms
    where
        rooms.how_many > 0
        and (
            ((:q::text <> '' or cardinality(:several::text []) > 0) and rooms.fit <= :few::integer)
            or (rooms.up_to > :skip::integer and rooms.up_to - rooms.how_many < :skip::integer + :most::integer)
        )
), fitting as materialized (
    select needed.room, needed.up_to, needed.closest, needed.block * 4096 + each.place::integer - 1 as number
    from needed
    cross join lateral unnest(string_to_array(needed.bits::text, null)) with ordinality as each (is_set, place)
    where each.is_set = '1'
), matched as (
    -- of several things of one choice, how many each of them has
    select needed.block * 4096 + each.place::integer - 1 as number, count(*) as how_many
    from needed
    join facet_blocks as blocks on blocks.block = needed.block
    cross join lateral
    unnest(string_to_array((blocks.bits & needed.bits)::text, null)) with ordinality as each (is_set, place)
    where needed.closest and blocks.facet = any(:several::text []) and each.is_set = '1'
    group by needed.block * 4096 + each.place::integer - 1
), paged as (
    select
        fitting.number,
        row_number() over (
            order by
                case when fitting.closest and :q::text <> '' then (
                    select round(ts_rank(listings.search, (select wanted.words from wanted)) * 10)
                    from listings
                    where listings.number = fitting.number
                ) end desc nulls last,
                matched.how_many desc nulls last, fitting.room, fitting.up_to,
                hashint4extended(fitting.number, :day::bigint), fitting.number
        ) as place
    from fitting left join matched on matched.number = fitting.number
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
            limit :most::integer
            offset :skip::integer
            - (select coalesce(min(case when needed.closest then 0 else needed.before end), 0) from needed)
        ) as page
        join listings on listings.number = page.number
        order by page.place
    ) as ids;

-- name: kept_list(person)
-- the listings somebody asked us to remember, in the order they were put there
select listing_id from short_lists where person_id = :person order by added_at, listing_id;

-- name: forget_list(person)!
-- nothing is remembered any more
delete from short_lists where person_id = :person;

-- name: keep_list(person, ids)!
-- the shown listings of a list, remembered in their order
insert into short_lists (person_id, listing_id, added_at)
select :person::uuid, listings.id, now() + given.place * interval '1 millisecond'
from unnest(:ids::uuid []) with ordinality as given (id, place)
join listings on listings.id = given.id and listings.state = 'shown'
on conflict (person_id, listing_id) do nothing;
