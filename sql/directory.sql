-- Listings: the named queries of the directory room.

-- name: refresh_facets(ids)!
-- What listings can be found by, made anew from what they tell and from the licences that count today.
update listings as changed
set facets = made.facets
from (
    select
        listings.id,
        array_remove(
            array(
                select distinct each.facet
                from (
                    select unnest(
                        array[
                            case when listings.telehealth then 'tele:' || counting.area end,
                            case
                                when listings.in_person and counting.area = listings.area
                                    then 'at:' || counting.area
                            end,
                            case
                                when listings.telehealth or (listings.in_person and counting.area = listings.area)
                                    then 'in:' || counting.area
                            end
                        ]
                    ) as facet
                    from licences as counting
                    where
                        counting.listing_id = listings.id and counting.status = 'active'
                        and coalesce(counting.expires_on >= current_date, true)
                    union all
                    select unnest(
                        array[
                            'way:' || ways.way,
                            case when ways.credential <> '' then 'cred:' || ways.credential end
                        ]
                    )
                    from listing_ways as ways
                    where ways.listing_id = listings.id
                    union all
                    select 'with:' || unnest(listings.works_with)
                    union all
                    select 'for:' || unnest(listings.for_whom)
                    union all
                    select 'lang:' || unnest(listings.languages)
                    union all
                    select 'fee:' || steps.fee
                    from unnest(array[40, 60, 80, 100, 150, 200, 250, 300]) as steps (fee)
                    where listings.lowest_fee <= steps.fee * 100 and listings.currency = 'USD'
                    union all
                    select unnest(
                        array[
                            'room:' || listings.room,
                            case when listings.takes_insurance then 'pay:insurance' end,
                            case when listings.gives_superbills then 'pay:superbills' end,
                            case when listings.pro_bono_places > 0 then 'pay:pro_bono' end,
                            case when listings.free_consultation > 0 then 'pay:free_talk' end,
                            case when listings.sliding_floor is not null then 'pay:sliding' end,
                            case when listings.experience in ('some', 'over_10', 'over_50') then 'exp:some' end,
                            case when listings.experience in ('over_10', 'over_50') then 'exp:over_10' end,
                            case when listings.experience = 'over_50' then 'exp:over_50' end
                        ]
                    )
                ) as each
                where each.facet is not null
                order by each.facet
            ),
            null
        ) as facets
    from listings
    where listings.id = any(:ids::uuid [])
) as made
where changed.id = made.id and changed.facets <> made.facets;

-- name: insert_listing(person, state, source, source_note, by, latitude, longitude, told)$
-- a new listing; told is what it says, as json
insert into listings (
    person_id, state, source, source_note, source_by, latitude, longitude, shown_at,
    name, letters, pronouns, headline, approach, experience, works_with, for_whom, languages, telehealth,
    in_person, city, area, zip, currency, fee_minimum, fee_maximum, sliding_floor, pro_bono_places,
    takes_insurance, insurance_words, gives_superbills, free_consultation, room, answer_experience,
    answer_training, answer_medicine, links, email, phone, npi
)
select
    :person, :state, :source, :source_note, :by, :latitude, :longitude, case when :state = 'shown' then now() end,
    told.name, told.letters, told.pronouns, told.headline, told.approach, told.experience, told.works_with,
    told.for_whom, told.languages, told.telehealth, told.in_person, told.city, told.area, told.zip, told.currency,
    told.fee_minimum, told.fee_maximum, told.sliding_floor, told.pro_bono_places, told.takes_insurance,
    told.insurance_words, told.gives_superbills, told.free_consultation, told.room, told.answer_experience,
    told.answer_training, told.answer_medicine, told.links, told.email, told.phone, told.npi
from jsonb_populate_record(null::listings, :told::jsonb) as told
returning id;

-- name: lock_listing(id)^
-- a listing, so that two writers come one after the other
select id, person_id, state, hidden_because, version, name, source from listings where id = :id for update;

-- name: replace_listing(id, source, source_note, by, latitude, longitude, told)!
-- what a listing says, said anew; an organizer who mends one does not become where it came from
update listings
set source = case when :source = 'organizer' then listings.source else :source end,
    source_note = case when :source = 'organizer' then listings.source_note else :source_note end,
    source_by = case when :source = 'organizer' then listings.source_by else :by::uuid end,
    came_at = case when :source = 'organizer' then listings.came_at else now() end,
    latitude = :latitude, longitude = :longitude,
    name = told.name, letters = told.letters, pronouns = told.pronouns, headline = told.headline,
    approach = told.approach, experience = told.experience, works_with = told.works_with,
    for_whom = told.for_whom, languages = told.languages, telehealth = told.telehealth,
    in_person = told.in_person, city = told.city, area = told.area, zip = told.zip, currency = told.currency,
    fee_minimum = told.fee_minimum, fee_maximum = told.fee_maximum, sliding_floor = told.sliding_floor,
    pro_bono_places = told.pro_bono_places, takes_insurance = told.takes_insurance,
    insurance_words = told.insurance_words, gives_superbills = told.gives_superbills,
    free_consultation = told.free_consultation, room = told.room, answer_experience = told.answer_experience,
    answer_training = told.answer_training, answer_medicine = told.answer_medicine, links = told.links,
    email = told.email, phone = told.phone, npi = told.npi,
    room_confirmed_at = now(), confirmed_at = now(), asked_at = null, marked_at = null,
    version = listings.version + 1, changed_at = now()
from jsonb_populate_record(null::listings, :told::jsonb) as told
where listings.id = :id;

-- name: npi_holder(npi, but)$
-- the listing that has an NPI already, another one than this
select id from listings where npi = :npi and npi <> '' and id is distinct from :but::uuid;

-- name: drop_licences(listing, kinds, areas, numbers)!
-- licences that are not said any more
delete from licences
where listing_id = :listing and not exists (
    select from unnest(:kinds::text [], :areas::text [], :numbers::text []) as said (kind, area, number)
    where said.kind = licences.kind and said.area = licences.area and said.number = licences.number
);

-- name: keep_licences(listing, kinds, areas, numbers, statuses, expiries, sources)!
-- the licences as they are said now; what was checked stays checked only where nothing of it changed
insert into licences (listing_id, kind, area, number, status, expires_on, source)
select :listing, said.kind, said.area, said.number, said.status, said.expires_on, said.source
from unnest(
    :kinds::text [], :areas::text [], :numbers::text [], :statuses::text [], :expiries::date [], :sources::text []
) as said (kind, area, number, status, expires_on, source)
on conflict (listing_id, kind, area, number) do update
set status = excluded.status, expires_on = excluded.expires_on, source = excluded.source,
    checked_at = case
        when licences.status = excluded.status and licences.expires_on is not distinct from excluded.expires_on
            then licences.checked_at
    end,
    checked_by = case
        when licences.status = excluded.status and licences.expires_on is not distinct from excluded.expires_on
            then licences.checked_by
    end,
    checked_against = case
        when licences.status = excluded.status and licences.expires_on is not distinct from excluded.expires_on
            then licences.checked_against
        else ''
    end;

-- name: drop_ways(listing)!
-- ways of working, before they are said anew
delete from listing_ways where listing_id = :listing;

-- name: keep_ways(listing, ways, credentials, schools, years)!
-- the ways of working as they are said now
insert into listing_ways (listing_id, way, credential, school, year)
select :listing, said.way, said.credential, said.school, said.year
from unnest(:ways::text [], :credentials::text [], :schools::text [], :years::smallint [])
    as said (way, credential, school, year);

-- name: listing(id)^
-- one listing whole, with its licences and ways, and whose it is
select
    listings.*, now() as now, current_date as today,
    coalesce(
        (
            select jsonb_agg(
                to_jsonb(licences) || jsonb_build_object('checker', checkers.name)
                order by licences.area, licences.kind, licences.number
            )
            from licences left join people as checkers on checkers.id = licences.checked_by
            where licences.listing_id = listings.id
        ),
        '[]'
    ) as licences,
    coalesce(
        (
            select jsonb_agg(to_jsonb(listing_ways) order by listing_ways.credential = '', listing_ways.way)
            from listing_ways where listing_ways.listing_id = listings.id
        ),
        '[]'
    ) as ways
from listings where listings.id = :id;

-- name: own_listing(person)^
-- the listing of one person
select id, state, name from listings where person_id = :person;

-- name: contact(id)^
-- where introductions of a shown listing go
select name, email, room, state, person_id from listings where id = :id and state = 'shown';
