-- Finding: the named queries of the search, of the cards and of the short list.

-- name: cards(ids)
-- shown listings as small cards show them, in no order
select
    listings.id, listings.name, listings.letters, listings.pronouns, listings.headline, listings.city, listings.area,
    listings.telehealth, listings.in_person, listings.experience, listings.works_with, listings.languages,
    listings.currency, listings.fee_minimum, listings.fee_maximum, listings.sliding_floor, listings.lowest_fee,
    listings.pro_bono_places, listings.takes_insurance, listings.gives_superbills, listings.free_consultation,
    listings.room, listings.picture_hash, listings.marked_at is not null as marked,
    array(
        select distinct licences.area from licences
        where
            licences.listing_id = listings.id and licences.status = 'active'
            and coalesce(licences.expires_on >= current_date, true)
        order by licences.area
    ) as licensed,
    array(
        select array[ways.way, ways.credential, ways.school] from listing_ways as ways
        where ways.listing_id = listings.id
        order by ways.credential = '', ways.way
    ) as ways
from listings
where listings.id = any(:ids::uuid []) and listings.state = 'shown';
