-- What nobody said about a listing is not stated: which of its columns hold only a default.
-- Lists brought in before this filled the gaps with "has room now", "takes no insurance", "English", "adults", "active",
-- and counted as confirmed.
alter table listings
add column unsaid text [] not null default '{}',
-- the fee slides, down to what was not said
add column fee_slides boolean not null default false,
-- when its therapist, and nobody else, last said that all of it holds
add column therapist_confirmed_at timestamptz,
add constraint listing_unsaid_known check (
    unsaid <@ array['room', 'insurance', 'languages', 'fee', 'telehealth', 'in_person']
);
-- squawk-ignore ban-drop-constraint
alter table listings drop constraint listing_met_somewhere;
alter table listings add constraint listing_met_somewhere check (
    state in ('draft', 'hidden') or telehealth or in_person or unsaid && array['telehealth', 'in_person']
);
alter table licences add column status_said boolean not null default true;

-- The file of an import as it was sent, to read it again by another sheet or row of headings; it goes when the import ends.
alter table listing_imports add column content bytea;

-- A listing may have several ways of working that the list of words lacks: other, other_2, other_3 ... are one code.
create function way_code(way text) returns text
language sql immutable strict parallel safe
as $$ select regexp_replace(way, '^other_[0-9]+$', 'other') $$;

-- Listings that nothing but files ever wrote, with the fields for which one of those files may have had a value.
-- A file whose cells are deleted already may have had one in every column that was matched.
create view listings_of_files as
select listings.id, coalesce(given.keys, '{}') as keys
from listings
cross join lateral (
    select
        count(*) as written,
        array_agg(distinct replace(matched.key, 'licence', 'license')) filter (
            where rows.cells = '{}'
            or trim(rows.cells[matched.place]) !~* '^([-\u2010-\u2015]*|n/?a\.?)$'
        ) as keys
    from listing_import_rows as rows
    join listing_imports as imports on imports.id = rows.import_id
    cross join lateral jsonb_array_elements_text(imports.matches -> 'keys') with ordinality as matched (key, place)
    where rows.listing_id = listings.id and rows.outcome = 'written'
) as given
where
    listings.source = 'import' and given.written > 0
    and not exists (
        select from events
        where
            events.about = listings.id
            and (
                events.what = 'listing.confirmed'
                or (events.what = 'listing.written' and events.details ->> 'source' is distinct from 'import')
            )
    );

update licences set status_said = false
from listings_of_files as files
where
    licences.listing_id = files.id and licences.status = 'active'
    and not files.keys && array['license_status_1', 'license_status_2', 'license_status_3'];

with mended as (
    select
        listings.id,
        array_remove(
            array[
                case when listings.room = 'now' and not files.keys @> array['room'] then 'room' end,
                case
                    when not listings.takes_insurance and not files.keys @> array['takes_insurance'] then 'insurance'
                end,
                case when listings.languages = '{en}' and not files.keys @> array['languages'] then 'languages' end,
                case
                    when not listings.telehealth and not files.keys && array['telehealth', 'meets'] then 'telehealth'
                end,
                case when not listings.in_person and not files.keys && array['in_person', 'meets'] then 'in_person' end
            ],
            null
        ) as unsaid,
        listings.for_whom = '{adults}' and not files.keys @> array['for_whom'] as for_nobody
    from listings join listings_of_files as files on files.id = listings.id
)
update listings
set
    unsaid = mended.unsaid,
    for_whom = case when mended.for_nobody then '{}' else listings.for_whom end,
    facets = array(
        select distinct case each.facet when 'room:now' then case when mended.unsaid @> array['room'] then 'room:unsaid'
            else each.facet end else each.facet end as facet
        from unnest(listings.facets) as each (facet)
        where
            not (each.facet = 'lang:en' and mended.unsaid @> array['languages'])
            and not (each.facet = 'for:adults' and mended.for_nobody)
        order by facet
    )
from mended
where listings.id = mended.id;

-- squawk-ignore ban-drop-view
drop view listings_of_files;

update listings
set therapist_confirmed_at = greatest(case when listings.source = 'applied' then listings.came_at end, (
    select max(events.at) from events
    where
        events.about = listings.id
        and (
            events.what = 'listing.confirmed'
            or (events.what = 'listing.written' and events.details ->> 'source' = 'applied')
        )
))
where listings.source = 'applied' or exists (
    select from events where events.about = listings.id and events.what = 'listing.confirmed'
);

-- Who fits a search, as bits by block: all its choices (left_out is ''), and all but one, for each of them.
-- kinds, facets: pairs, each a facet that is asked for and the choice it belongs to; 'all' is a choice that is always made.
-- choices: the choices made. q: words. fee_from, fee_to: cents between two steps of the fee, which have facets.
create or replace function search_fits(
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
            and not listings.unsaid @> array['fee']
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
