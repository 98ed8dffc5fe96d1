-- Imports of listings: what is known of the therapists of a file, and what becomes of its rows.

-- name: set_starts_as(id, starts_as)!
-- The state in which new listings of an import begin.
update listing_imports set starts_as = :starts_as where id = :id;

-- name: set_outcome(import_id, number, outcome, says, listing, version)*!
-- The outcome of each row.
update listing_import_rows
set outcome = :outcome, says = :says, listing_id = :listing, seen_version = :version
where import_id = :import_id and number = :number;

-- name: candidates(npis, names)
-- The listings that rows of a file may belong to, by NPI or by name.
select
    listings.id, listings.version, listings.state, listings.person_id is not null as owned,
    listings.name, listings.letters, listings.pronouns, listings.headline, listings.approach, listings.experience,
    listings.works_with, listings.for_whom, listings.languages, listings.telehealth, listings.in_person,
    listings.city, listings.area, listings.zip, listings.currency, listings.fee_minimum, listings.fee_maximum,
    listings.sliding_floor, listings.fee_slides, listings.unsaid, listings.pro_bono_places, listings.takes_insurance, listings.insurance_words,
    listings.gives_superbills, listings.free_consultation, listings.room, listings.answer_experience,
    listings.answer_training, listings.answer_medicine, listings.links, listings.email, listings.phone,
    listings.npi,
    coalesce((
        select jsonb_agg(
            jsonb_build_object(
                'kind', licences.kind, 'area', licences.area, 'number', licences.number, 'status', licences.status,
                'expires_on', licences.expires_on, 'source', licences.source, 'status_said', licences.status_said
            ) order by licences.area, licences.kind, licences.number
        )
        from licences where licences.listing_id = listings.id
    ), '[]') as licenses,
    coalesce((
        select jsonb_agg(
            jsonb_build_object('way', way_code(ways.way), 'credential', ways.credential, 'school', ways.school, 'year', ways.year)
            order by ways.way
        )
        from listing_ways as ways where ways.listing_id = listings.id
    ), '[]') as ways
from listings
where listings.id in (
    select by_npi.id from listings as by_npi where by_npi.npi <> '' and by_npi.npi = any(:npis::text [])
    union all
    select by_name.id
    from unnest(:names::text []) as names (name) join listings as by_name on by_name.name_key = name_key(names.name)
);

-- name: lock_listings(ids)!
-- Lock listings until the end of the transaction; always in one order, so that two transactions cannot deadlock.
select id from listings where id = any(:ids::uuid []) order by id for no key update;
