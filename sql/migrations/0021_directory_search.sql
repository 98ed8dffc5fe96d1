-- Functions of the directory's search. It counts with facet_blocks (0017): a row of those is a facet and 4,096 listings,
-- with one bit a listing. docs/decisions/0012-directory-search.md says why.

-- A listing's bit in its block, which is number / 4096.
create function listing_bit(number integer) returns bit
language sql immutable parallel safe
as $$ select set_bit(0::bit(4096), number % 4096, 1) $$;

-- The numbers of the listings whose bits are set in a block.
create function listing_numbers(block integer, bits bit) returns setof integer
language sql immutable parallel safe rows 100
as $$
    select block * 4096 + each.place::integer - 1
    from unnest(string_to_array(bits::text, null)) with ordinality as each (is_set, place)
    where each.is_set = '1'
$$;

-- The distance between two points on the globe, given in degrees (the haversine formula).
create function miles_between(latitude float8, longitude float8, other_latitude float8, other_longitude float8)
returns float8
language sql immutable parallel safe
as $$
    select 7917.6 * asin(sqrt(least(
        1,
        sin(radians(latitude - other_latitude) / 2) ^ 2
        + cos(radians(other_latitude)) * cos(radians(latitude)) * sin(radians(longitude - other_longitude) / 2) ^ 2
    )))
$$;

-- How many degrees of longitude so many miles are, seen from a latitude: enough for the whole circle around it.
create function degrees_aside(miles float8, latitude float8) returns float8
language sql immutable parallel safe
as $$ select miles / 68.3 / greatest(cos(radians(abs(latitude) + miles / 68.3)), 0.05) $$;

-- The numbers of shown listings with an office in an area, no farther than so many miles from a point.
-- An index finds those in a box around the circle (a degree of latitude is 69 miles); the distance decides.
create function offices_near(area text, here_latitude float8, here_longitude float8, miles float8)
returns setof integer
language sql stable parallel safe rows 100
as $$
    select listings.number
    from listings
    where
        listings.state = 'shown'
        and listings.in_person
        and listings.latitude between here_latitude - miles / 68.3 and here_latitude + miles / 68.3
        and listings.longitude between
            here_longitude - degrees_aside(miles, here_latitude)
            and here_longitude + degrees_aside(miles, here_latitude)
        and listings.facets @> array['at:' || offices_near.area]
        and miles_between(listings.latitude, listings.longitude, here_latitude, here_longitude) <= miles
$$;

-- Who fits a search, as bits by block: all its choices (left_out is ''), and all but one, for each of them.
-- kinds, facets: pairs, each a facet that is asked for and the choice it belongs to; 'all' is a choice that is always made.
-- choices: the choices made. q: words. fee_from, fee_to: cents between two steps of the fee, which have facets.
create function search_fits(
    kinds text [], facets text [], choices text [], q text, fee_from integer, fee_to integer,
    area text, latitude float8, longitude float8, miles float8, near_only boolean
) returns table (left_out text, block integer, bits bit)
language sql stable parallel safe rows 200
as $$
    with marks as (
        select asked.kind, blocks.block, blocks.bits
        from unnest(search_fits.kinds, search_fits.facets) as asked (kind, facet)
        join facet_blocks as blocks on blocks.facet = asked.facet
        union all
        select 'words', listings.number / 4096, listing_bit(listings.number)
        from listings
        where
            search_fits.q <> '' and listings.state = 'shown'
            and listings.search @@ (select looked_for(search_fits.q))
        union all
        select 'fee', listings.number / 4096, listing_bit(listings.number)
        from listings
        where
            listings.state = 'shown' and listings.currency = 'USD'
            and listings.lowest_fee > search_fits.fee_from and listings.lowest_fee <= search_fits.fee_to
        union all
        select 'where', near.number / 4096, listing_bit(near.number)
        from offices_near(search_fits.area, search_fits.latitude, search_fits.longitude, search_fits.miles)
            as near (number)
        where search_fits.near_only
    ), chosen as materialized (
        select marks.kind, marks.block, bit_or(marks.bits) as bits
        from marks
        group by marks.kind, marks.block
    )
    -- A block that lacks a choice has nobody who fits.
    select each.left_out, chosen.block, bit_and(chosen.bits)
    from unnest(array_prepend('', search_fits.choices)) as each (left_out)
    join chosen on chosen.kind <> each.left_out
    group by each.left_out, chosen.block
    having count(*) = cardinality(search_fits.choices) + case each.left_out when '' then 1 else 0 end
$$;
