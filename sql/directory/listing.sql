-- Listings: the named queries of the directory room.

-- name: refresh_facets(ids)!
-- What listings can be found by, made anew from what they tell and from the licenses that count today.
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
                        and coalesce(counting.expires_on >= (now() at time zone 'utc')::date, true)
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

-- name: hold_form(id)!
-- the same form sent twice at once comes one after the other
select pg_advisory_xact_lock(hashtextextended('listing ' || :id::uuid, 0));

-- name: insert_listing(id, person, state, source, source_note, by, latitude, longitude, told)!
-- a new listing; told is what it says, as json
insert into listings (
    id, person_id, state, source, source_note, source_by, latitude, longitude, shown_at,
    name, letters, pronouns, headline, approach, experience, works_with, for_whom, languages, telehealth,
    in_person, city, area, zip, currency, fee_minimum, fee_maximum, sliding_floor, pro_bono_places,
    takes_insurance, insurance_words, gives_superbills, free_consultation, room, answer_experience,
    answer_training, answer_medicine, links, email, phone, npi, found_by
)
select
    :id, :person, :state, :source, :source_note, :by, :latitude, :longitude,
    case when :state = 'shown' then now() end,
    told.name, told.letters, told.pronouns, told.headline, told.approach, told.experience, told.works_with,
    told.for_whom, told.languages, told.telehealth, told.in_person, told.city, told.area, told.zip, told.currency,
    told.fee_minimum, told.fee_maximum, told.sliding_floor, told.pro_bono_places, told.takes_insurance,
    told.insurance_words, told.gives_superbills, told.free_consultation, told.room, told.answer_experience,
    told.answer_training, told.answer_medicine, told.links, told.email, told.phone, told.npi, told.found_by
from jsonb_populate_record(null::listings, :told::jsonb) as told;

-- name: lock_listing(id)^
-- a listing, so that two writers come one after the other
select id, person_id, state, hidden_because, version, name, source from listings where id = :id for no key update;

-- name: lock_unowned(id)$
-- a listing that is with no account, locked
select id from listings where id = :id and person_id is null for update;

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
    email = told.email, phone = told.phone, npi = told.npi, found_by = told.found_by,
    room_confirmed_at = now(), confirmed_at = now(), asked_at = null, marked_at = null,
    version = listings.version + 1, changed_at = now()
from jsonb_populate_record(null::listings, :told::jsonb) as told
where listings.id = :id;

-- name: npi_holder(npi, but)$
-- the listing that has an NPI already, another one than this
select id from listings where npi = :npi and npi <> '' and id is distinct from :but::uuid;

-- name: keep_rows(listing, kinds, areas, numbers, statuses, expiries, sources, ways, credentials, schools, years)!
-- the licenses and ways as they are said now; what was checked stays checked only where nothing of it changed
with said_licenses as (
    select *
    from unnest(
        :kinds::text [], :areas::text [], :numbers::text [], :statuses::text [], :expiries::date [], :sources::text []
    ) as said (kind, area, number, status, expires_on, source)
), gone_licenses as (
    delete from licences
    where listing_id = :listing and not exists (
        select from said_licenses as said
        where said.kind = licences.kind and said.area = licences.area and said.number = licences.number
    )
), kept_licenses as (
    insert into licences (listing_id, kind, area, number, status, expires_on, source)
    select :listing, said.kind, said.area, said.number, said.status, said.expires_on, said.source
    from said_licenses as said
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
        end
), gone_ways as (
    delete from listing_ways where listing_id = :listing and way <> all(:ways::text [])
)
insert into listing_ways (listing_id, way, credential, school, year)
select :listing, said.way, said.credential, said.school, said.year
from unnest(:ways::text [], :credentials::text [], :schools::text [], :years::smallint [])
    as said (way, credential, school, year)
on conflict (listing_id, way) do update
set credential = excluded.credential, school = excluded.school, year = excluded.year;

-- name: listing(id)^
-- one listing whole, with its licenses and ways, and whose it is
select
    listings.*, now() as now, (now() at time zone 'utc')::date as today,
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
    ) as licenses,
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

-- name: seen_listing(id, viewer, organizer)^
-- a listing whole for whoever may see it; one that is not shown is there for its owner and for organizers alone
select
    listings.*, now() as now, (now() at time zone 'utc')::date as today,
    coalesce(
        (
            select jsonb_agg(to_jsonb(licences) order by licences.area, licences.kind, licences.number)
            from licences where licences.listing_id = listings.id
        ),
        '[]'
    ) as licenses,
    coalesce(
        (
            select jsonb_agg(to_jsonb(listing_ways) order by listing_ways.credential = '', listing_ways.way)
            from listing_ways where listing_ways.listing_id = listings.id
        ),
        '[]'
    ) as ways,
    exists (
        select from short_lists where short_lists.listing_id = listings.id and short_lists.person_id = :viewer::uuid
    ) as is_kept
from listings
where listings.id = :id and (listings.state = 'shown' or listings.person_id = :viewer::uuid or :organizer::boolean);

-- name: lock_own(person)^
-- the listing of one person, locked
select id, state, hidden_because, version, name from listings where person_id = :person for no key update;

-- name: set_state(id, state, because, why)!
-- a listing is shown, hidden, or waits; one that is shown anew is asked about anew
update listings
set state = :state, hidden_because = :because, hidden_words = :why,
    shown_at = case when :state = 'shown' then coalesce(shown_at, now()) else shown_at end,
    asked_at = case when :state = 'shown' then null else asked_at end,
    marked_at = case when :state = 'shown' then null else marked_at end
where id = :id;

-- name: confirm(id, room, settled)!
-- everything on it still holds today; what was asked is answered, unless a license still runs out
update listings
set confirmed_at = now(), room = :room, room_confirmed_at = now(), version = version + 1,
    asked_at = case when :settled::boolean then null else asked_at end,
    marked_at = case when :settled::boolean then null else marked_at end
where id = :id;

-- name: prolong(listing, ids, expiries)!
-- new last days of licenses, said by the therapist; what was checked was the old one
update licences
set expires_on = said.expires_on, checked_at = null, checked_by = null, checked_against = ''
from unnest(:ids::uuid [], :expiries::date []) as said (id, expires_on)
where licences.id = said.id and licences.listing_id = :listing
    and licences.expires_on is distinct from said.expires_on;

-- name: keep_listing_picture(listing, hash, jpeg)!
-- the picture of a listing, in the place of the one before
with kept as (
    insert into listing_pictures (hash, listing_id, jpeg) values (:hash, :listing, :jpeg)
    on conflict (listing_id) do update set hash = excluded.hash, jpeg = excluded.jpeg, created_at = now()
)
update listings set picture_hash = :hash where id = :listing;

-- name: unowned_portrait(id)^
-- the name and the picture of a listing that is with no account
select name, picture_hash from listings where id = :id and person_id is null;

-- name: drop_listing_picture(listing)!
-- initials again
with gone as (delete from listing_pictures where listing_id = :listing)
update listings set picture_hash = null where id = :listing;

-- name: listing_picture(hash)$
-- the bytes of a listings picture
select jpeg from listing_pictures where hash = :hash;

-- name: organize_counts(viewer)^
-- how many listings there are for organizers to look at, each kind of looking; and complaints about ones own listing
select
    (
        select count(*) from complaints join listings on listings.id = complaints.listing_id
        where complaints.state = 'open' and listings.person_id = :viewer
    ) as own_complaints,
    (select count(*) from listings where state = 'waiting') as waiting,
    (select count(*) from complaints where state = 'open') as complaints,
    (select count(*) from listings where state = 'shown' and asked_at is not null) as asked,
    (select count(*) from listings) as every;

-- name: to_do()^
-- how much waits for organizers
select
    (select count(*) from listings where state = 'waiting') as waiting,
    (select count(*) from complaints where state = 'open') as complaints;

-- name: organize_list(part, q, most, skip)
-- one page of the listings an organizer looks at, with what hurries first
select
    listings.id, listings.name, listings.letters, listings.city, listings.area, listings.state,
    listings.hidden_because, listings.source, listings.came_at, listings.asked_at, listings.marked_at,
    listings.confirmed_at, count(*) over () as total,
    (
        select min(licences.expires_on) from licences
        where licences.listing_id = listings.id and licences.status = 'active'
    ) as first_expiry,
    (
        select count(*) from licences where licences.listing_id = listings.id and licences.checked_at is null
    ) as unchecked,
    (
        select count(*) from complaints where complaints.listing_id = listings.id and complaints.state = 'open'
    ) as complaints
from listings
where case :part
    when 'waiting' then listings.state = 'waiting'
    when 'asked' then listings.state = 'shown' and listings.asked_at is not null
    else true
end
and (:q = '' or strpos(folded(listings.name), folded(:q)) > 0)
order by
    case when :part = 'waiting' then listings.came_at end,
    case when :part = 'asked' then listings.asked_at end,
    folded(listings.name), listings.id
limit :most offset :skip;

-- name: open_complaints(viewer)
-- what people say is wrong with the listings of others, the oldest first
select
    complaints.id, complaints.body, complaints.created_at, listings.id as listing_id, listings.name,
    listings.state, coalesce(people.name, 'Somebody who left') as from_name, complaints.person_id
from complaints
join listings on listings.id = complaints.listing_id
left join people on people.id = complaints.person_id
where complaints.state = 'open' and listings.person_id is distinct from :viewer
order by complaints.created_at limit 100;

-- name: complaints_of(listing)
-- what was ever said to be wrong with one listing, the newest first
select
    complaints.id, complaints.body, complaints.created_at, complaints.state, complaints.decided_at,
    coalesce(people.name, 'Somebody who left') as from_name, coalesce(deciders.name, '') as decided_by
from complaints
left join people on people.id = complaints.person_id
left join people as deciders on deciders.id = complaints.decided_by
where complaints.listing_id = :listing
order by complaints.state <> 'open', complaints.created_at desc limit 50;

-- name: complain(id, listing, person, body)$
-- somebody says that something is wrong with a shown listing; no row when it is not shown, or the id is taken
insert into complaints (id, listing_id, person_id, body)
select :id, listings.id, :person, :body from listings where listings.id = :listing and listings.state = 'shown'
on conflict (id) do nothing
returning id;

-- name: sent_complaint(id, person)$
-- what somebody sent by this very form before
select body from complaints where id = :id and person_id = :person;

-- name: complained_about(listing)$
-- the name of a shown listing
select name from listings where id = :listing and state = 'shown';

-- name: decide_complaint(id, state, who)$
-- an organizer hides the listing or keeps it; no row when that was decided already
update complaints set state = :state, decided_at = now(), decided_by = :who
where id = :id and state = 'open' returning listing_id;

-- name: complaint_listing(id, who)$
-- the listing a complaint is about, for organizers who are not its therapist
select complaints.listing_id
from complaints join listings on listings.id = complaints.listing_id
where complaints.id = :id and listings.person_id is distinct from :who;

-- name: check_license(id, version, who, against)$
-- an organizer looked a license up today; no row when the listing was changed since they looked, or is their own
update licences set checked_at = now(), checked_by = :who, checked_against = :against
from listings
where licences.id = :id and listings.id = licences.listing_id and listings.version = :version
    and listings.person_id is distinct from :who
returning licences.listing_id;

-- name: license_listing(id)$
-- the listing a license stands on
select listing_id from licences where id = :id;

-- name: hand_over(id, person)$
-- a listing becomes a therapists own; no row when it is somebodys already
update listings set person_id = :person where id = :id and person_id is null returning id;

-- name: forget_own_checks(listing, person)!
-- what somebody checked before the listing became their own has to be checked by another organizer
update licences set checked_at = null, checked_by = null, checked_against = ''
where listing_id = :listing and checked_by = :person;

-- name: to_look_after(after, ask_after, license_ahead, most)
-- shown listings the timetable may have something to do with, some at a time
select listings.id
from listings
where listings.state = 'shown' and (:after::uuid is null or listings.id > :after::uuid) and (
    listings.asked_at is not null
    or listings.confirmed_at <= now() - :ask_after::interval
    or exists (
        select from licences
        where licences.listing_id = listings.id and licences.status = 'active'
            and licences.expires_on <= (now() at time zone 'utc')::date + :license_ahead::integer
    )
    or not exists (
        select from licences
        where licences.listing_id = listings.id and licences.status = 'active'
            and coalesce(licences.expires_on >= (now() at time zone 'utc')::date, true)
    )
)
order by listings.id limit :most;

-- name: mark_asked(id)$
-- a listing is asked about, and when that was
update listings set asked_at = now() where id = :id returning asked_at;

-- name: mark_unconfirmed(id)!
-- a listing says on its page that nobody confirmed it lately
update listings set marked_at = now() where id = :id;

-- name: clear_asked(id)!
-- there is nothing to ask any more
update listings set asked_at = null, marked_at = null where id = :id;

-- name: lapsed_facets()
-- listings still found in a place where a license of theirs has run out
select distinct licences.listing_id as id
from licences join listings on listings.id = licences.listing_id
where licences.expires_on < (now() at time zone 'utc')::date and ('in:' || licences.area) = any(listings.facets)
    and not exists (
        select from licences as others
        where others.listing_id = listings.id and others.area = licences.area and others.status = 'active'
            and coalesce(others.expires_on >= (now() at time zone 'utc')::date, true)
    )
limit 5000;

-- name: lock_listings(ids)!
-- several listings, one after another in the order in which others lock them too
select id from listings where id = any(:ids::uuid []) order by id for no key update;

-- name: forget_complaints(after)
-- complaints that were decided long ago: no words stay, and nobody knows who sent them
update complaints set body = '', person_id = null, forgotten_at = now()
where decided_at <= now() - :after::interval and forgotten_at is null
returning id, state;

-- name: unclaimed(after, most)
-- listings of nobody that the timetable hid, and that were asked about long ago, locked
select id from listings
where
    state = 'hidden' and hidden_because in ('unconfirmed', 'licence') and person_id is null
    and asked_at <= now() - :after::interval
order by id
limit :most
for no key update skip locked;

-- name: delete_listing(id)!
-- a listing with everything on it
delete from listings where id = :id;

-- name: mail_of(id)^
-- where mail about a listing goes: to its own address, else to the account it is with
select
    listings.name, listings.person_id,
    coalesce(nullif(listings.email, ''), people.email, '') as to_address
from listings left join people on people.id = listings.person_id
where listings.id = :id;
