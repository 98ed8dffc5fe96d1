-- Listings: written, read, shown and hidden, their pictures, and the organizers' lists.

-- name: refresh_facets(ids)!
-- rebuild what listings are found by in the search, from their fields and the licenses valid today
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
                                when
                                    listings.telehealth or listings.unsaid @> array['telehealth']
                                    or (
                                        (listings.in_person or listings.unsaid @> array['in_person'])
                                        and (counting.area = listings.area or listings.area = '')
                                    )
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
                            'way:' || way_code(ways.way),
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
                    where not listings.unsaid @> array['languages']
                    union all
                    select 'fee:' || steps.fee
                    from unnest(array[40, 60, 80, 100, 150, 200, 250, 300]) as steps (fee)
                    where
                        listings.lowest_fee <= steps.fee * 100 and listings.currency = 'USD'
                        and not listings.unsaid @> array['fee']
                    union all
                    select unnest(
                        array[
                            'room:' || case when listings.unsaid @> array['room'] then 'unsaid' else listings.room end,
                            case when listings.takes_insurance then 'pay:insurance' end,
                            case when listings.gives_superbills then 'pay:superbills' end,
                            case when listings.pro_bono_places > 0 then 'pay:pro_bono' end,
                            case when listings.free_consultation > 0 then 'pay:free_talk' end,
                            case when listings.sliding_floor is not null or listings.fee_slides then 'pay:sliding' end,
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

-- name: lock_form(id)!
-- an advisory lock: the same form sent twice at once is handled one after the other
select pg_advisory_xact_lock(hashtextextended('listing ' || :id::uuid, 0));

-- name: insert_listing(id, person_id, state, source, source_note, actor_id, latitude, longitude, fields)!
-- a new listing; fields: its columns as json
insert into listings (
    id, person_id, state, source, source_note, source_by, latitude, longitude, shown_at, therapist_confirmed_at,
    unsaid, fee_slides, name, letters, pronouns, headline, approach, experience, works_with, for_whom, languages, telehealth,
    in_person, city, area, zip, currency, fee_minimum, fee_maximum, sliding_floor, pro_bono_places,
    takes_insurance, insurance_words, gives_superbills, free_consultation, room, answer_experience,
    answer_training, answer_medicine, links, email, phone, npi, found_by
)
select
    :id, :person_id, :state, :source, :source_note, :actor_id, :latitude, :longitude,
    case when :state = 'shown' then now() end, case when :source = 'applied' then now() end,
    draft.unsaid, draft.fee_slides, draft.name, draft.letters, draft.pronouns, draft.headline, draft.approach, draft.experience, draft.works_with,
    draft.for_whom, draft.languages, draft.telehealth, draft.in_person, draft.city, draft.area, draft.zip,
    draft.currency, draft.fee_minimum, draft.fee_maximum, draft.sliding_floor, draft.pro_bono_places, draft.takes_insurance,
    draft.insurance_words, draft.gives_superbills, draft.free_consultation, draft.room, draft.answer_experience,
    draft.answer_training, draft.answer_medicine, draft.links, draft.email, draft.phone, draft.npi, draft.found_by
from jsonb_populate_record(null::listings, :fields::jsonb) as draft;

-- name: lock_listing(id)^
-- a listing, locked until the transaction ends
select id, person_id, state, hidden_because, version, name, source from listings where id = :id for no key update;

-- name: lock_unowned(id)$
-- a listing without an account, locked
select id from listings where id = :id and person_id is null for update;

-- name: replace_listing(id, source, source_note, actor_id, latitude, longitude, fields)!
-- all fields of a listing anew; an organizer's correction does not change its source
-- A file confirms nothing: what it changes leaves the question of upkeep open. Only the therapist confirms on the page.
update listings
set source = case when :source = 'organizer' then listings.source else :source end,
    source_note = case when :source = 'organizer' then listings.source_note else :source_note end,
    source_by = case when :source = 'organizer' then listings.source_by else :actor_id::uuid end,
    came_at = case when :source = 'organizer' then listings.came_at else now() end,
    latitude = :latitude, longitude = :longitude,
    name = draft.name, letters = draft.letters, pronouns = draft.pronouns, headline = draft.headline,
    approach = draft.approach, experience = draft.experience, works_with = draft.works_with,
    for_whom = draft.for_whom, languages = draft.languages, telehealth = draft.telehealth,
    in_person = draft.in_person, city = draft.city, area = draft.area, zip = draft.zip, currency = draft.currency,
    fee_minimum = draft.fee_minimum, fee_maximum = draft.fee_maximum, sliding_floor = draft.sliding_floor,
    pro_bono_places = draft.pro_bono_places, takes_insurance = draft.takes_insurance,
    insurance_words = draft.insurance_words, gives_superbills = draft.gives_superbills,
    free_consultation = draft.free_consultation, room = draft.room, answer_experience = draft.answer_experience,
    answer_training = draft.answer_training, answer_medicine = draft.answer_medicine, links = draft.links,
    email = draft.email, phone = draft.phone, npi = draft.npi, found_by = draft.found_by,
    unsaid = draft.unsaid, fee_slides = draft.fee_slides,
    room_confirmed_at = case
        when
            :source = 'applied' or draft.room <> listings.room
            or draft.unsaid @> array['room'] <> listings.unsaid @> array['room']
            then now()
        else listings.room_confirmed_at
    end,
    therapist_confirmed_at = case when :source = 'applied' then now() else listings.therapist_confirmed_at end,
    confirmed_at = case when :source = 'import' then listings.confirmed_at else now() end,
    asked_at = case when :source = 'import' then listings.asked_at end,
    marked_at = case when :source = 'import' then listings.marked_at end,
    version = listings.version + 1, changed_at = now()
from jsonb_populate_record(null::listings, :fields::jsonb) as draft
where listings.id = :id;

-- name: npi_holder(npi, except_id)$
-- another listing that has this NPI
select id from listings where npi = :npi and npi <> '' and id is distinct from :except_id::uuid;

-- name: save_rows(listing_id, kinds, areas, numbers, statuses, expiries, sources, statuses_said, ways, credentials, schools, years)!
-- replace the licenses and ways of a listing; a check by an organizer stays where status and last day are unchanged
with new_licenses as (
    select *
    from unnest(
        :kinds::text [], :areas::text [], :numbers::text [], :statuses::text [], :expiries::date [], :sources::text [],
        :statuses_said::boolean []
    ) as new (kind, area, number, status, expires_on, source, status_said)
), deleted_licenses as (
    delete from licences
    where listing_id = :listing_id and not exists (
        select from new_licenses as new
        where new.kind = licences.kind and new.area = licences.area and new.number = licences.number
    )
), saved_licenses as (
    insert into licences (listing_id, kind, area, number, status, expires_on, source, status_said)
    select :listing_id, new.kind, new.area, new.number, new.status, new.expires_on, new.source, new.status_said
    from new_licenses as new
    on conflict (listing_id, kind, area, number) do update
    set status = excluded.status, expires_on = excluded.expires_on, source = excluded.source,
        status_said = excluded.status_said,
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
), deleted_ways as (
    delete from listing_ways where listing_id = :listing_id and way <> all(:ways::text [])
)
insert into listing_ways (listing_id, way, credential, school, year)
select :listing_id, new.way, new.credential, new.school, new.year
from unnest(:ways::text [], :credentials::text [], :schools::text [], :years::smallint [])
    as new (way, credential, school, year)
on conflict (listing_id, way) do update
set credential = excluded.credential, school = excluded.school, year = excluded.year;

-- name: listing(id)^
-- a whole listing with its licenses and ways, who checked them, and why mail does not reach it at present
select
    listings.*, coalesce(unreached_addresses.because, '') as unreached, unreached_addresses.since as unreached_since, now() as now, (now() at time zone 'utc')::date as today,
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
            select jsonb_agg(
                to_jsonb(listing_ways) || jsonb_build_object('way', way_code(listing_ways.way))
                order by listing_ways.credential = '', listing_ways.way
            )
            from listing_ways where listing_ways.listing_id = listings.id
        ),
        '[]'
    ) as ways
from listings left join unreached_addresses on unreached_addresses.address = nullif(listings.email, '')
where listings.id = :id;

-- name: own_listing(person_id)^
-- the listing of a person
select id, state, name from listings where person_id = :person_id;

-- name: visible_listing(id, viewer_id, is_organizer)^
-- a whole listing for a viewer; one that is not shown only for its owner and for organizers
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
            select jsonb_agg(
                to_jsonb(listing_ways) || jsonb_build_object('way', way_code(listing_ways.way))
                order by listing_ways.credential = '', listing_ways.way
            )
            from listing_ways where listing_ways.listing_id = listings.id
        ),
        '[]'
    ) as ways,
    exists (
        select from short_lists where short_lists.listing_id = listings.id and short_lists.person_id = :viewer_id::uuid
    ) as is_kept
from listings
where
    listings.id = :id
    and (listings.state = 'shown' or listings.person_id = :viewer_id::uuid or :is_organizer::boolean);

-- name: lock_own(person_id)^
-- the listing of a person, locked
select id, state, hidden_because, version, name from listings where person_id = :person_id for no key update;

-- name: set_state(id, state, hidden_because, hidden_words)!
-- move a listing to another state; confirming starts anew when it is shown
update listings
set state = :state, hidden_because = :hidden_because, hidden_words = :hidden_words,
    shown_at = case when :state = 'shown' then coalesce(shown_at, now()) else shown_at end,
    asked_at = case when :state = 'shown' then null else asked_at end,
    marked_at = case when :state = 'shown' then null else marked_at end
where id = :id;

-- name: save_picture(listing_id, hash, jpeg)!
-- the picture of a listing; it replaces the one before
with saved as (
    insert into listing_pictures (hash, listing_id, jpeg) values (:hash, :listing_id, :jpeg)
    on conflict (listing_id) do update set hash = excluded.hash, jpeg = excluded.jpeg, created_at = now()
)
update listings set picture_hash = :hash where id = :listing_id;

-- name: delete_picture(listing_id)!
-- delete the picture of a listing; its page shows initials
with deleted as (delete from listing_pictures where listing_id = :listing_id)
update listings set picture_hash = null where id = :listing_id;

-- name: picture(hash)$
-- the bytes of a picture
select jpeg from listing_pictures where hash = :hash;

-- name: unowned_listing(id)^
-- name and picture of a listing without an account
select name, picture_hash from listings where id = :id and person_id is null;

-- name: organize_counts(viewer_id, most)^
-- how many listings there are in each tab of the organizers' page; complaints about the viewer's own listing apart
select
    (
        select count(*) from complaints join listings on listings.id = complaints.listing_id
        where complaints.state = 'open' and listings.person_id = :viewer_id
    ) as own_complaints,
    (select count(*) from listings where state = 'waiting') as waiting,
    (select count(*) from complaints where state = 'open') as complaints,
    (select count(*) from listings where state = 'shown' and asked_at is not null) as asked,
    (select count(*) from (select from listings limit :most) as counted) as every;

-- name: organize_list(part, name, most, after, limit, offset)
-- a page of listings for organizers: those that wait and those asked about, the oldest first, or all by name, from the listing
-- `after` on; with a part of a name, and the total up to `most`. A query for each tab, so that each reads an index in its order
with matching as materialized (
    select id, state, asked_at, came_at, name_key from listings
    where :name::text <> '' and pieces(name_key) @> pieces_of_part(nullif(name_key(:name), ''))
        and (length(name_key(:name)) < 3 or has_name(name_key, :name))
        and case :part::text
            when 'waiting' then state = 'waiting'
            when 'asked' then state = 'shown' and asked_at is not null
            else true
        end
    limit :most
), page as (
    (
        select id, asked_at as since, '' as name_key from listings
        where :part = 'asked' and :name = '' and state = 'shown' and asked_at is not null
            and (asked_at, id) > (
                coalesce((select last.asked_at from listings as last where last.id = :after), '-infinity'),
                coalesce(:after, '00000000-0000-0000-0000-000000000000')
            )
        order by asked_at, id limit :limit offset :offset
    )
    union all
    (
        select id, came_at, '' from listings
        where :part = 'waiting' and :name = '' and state = 'waiting'
            and (came_at, id) > (
                coalesce((select last.came_at from listings as last where last.id = :after), '-infinity'),
                coalesce(:after, '00000000-0000-0000-0000-000000000000')
            )
        order by came_at, id limit :limit offset :offset
    )
    union all
    (
        select id, null, name_key from listings
        where :part not in ('waiting', 'asked') and :name = ''
            and (name_key, id) > (
                coalesce((select last.name_key from listings as last where last.id = :after), ''),
                coalesce(:after, '00000000-0000-0000-0000-000000000000')
            )
        order by name_key, id limit :limit offset :offset
    )
    union all
    (select id, null, name_key from matching order by name_key, id limit :limit offset :offset)
)

select
    listings.id, listings.name, listings.letters, listings.city, listings.area, listings.state,
    listings.hidden_because, listings.source, listings.came_at, listings.asked_at, listings.marked_at,
    listings.therapist_confirmed_at,
    case
        when :name <> '' then (select count(*) from matching)
        when :part = 'waiting'
            then (select count(*) from (select from listings as others where others.state = 'waiting' limit :most) as counted)
        when :part = 'asked' then (
            select count(*) from (
                select from listings as others where others.state = 'shown' and others.asked_at is not null limit :most
            ) as counted
        )
        else (select count(*) from (select from listings as others limit :most) as counted)
    end as total,
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
from page join listings on listings.id = page.id
order by page.since, page.name_key, listings.id;

-- name: check_license(id, version, actor_id, against)$
-- an organizer looked a license up today; no row when the listing has changed since, or is their own
update licences set checked_at = now(), checked_by = :actor_id, checked_against = :against
from listings
where licences.id = :id and listings.id = licences.listing_id and listings.version = :version
    and listings.person_id is distinct from :actor_id
returning licences.listing_id;

-- name: listing_of_license(id)$
-- the listing a license belongs to
select listing_id from licences where id = :id;

-- name: assign(id, person_id)$
-- give a listing to an account; no row when it has one
update listings set person_id = :person_id where id = :id and person_id is null returning id;

-- name: clear_own_checks(listing_id, person_id)!
-- the license checks that a person made before the listing was theirs count no longer
update licences set checked_at = null, checked_by = null, checked_against = ''
where listing_id = :listing_id and checked_by = :person_id;

-- name: mail_recipient(id)^
-- where mail about a listing goes: its own address, else its account's
select
    listings.name, listings.person_id,
    coalesce(nullif(listings.email, ''), people.email, '') as to_address
from listings left join people on people.id = listings.person_id
where listings.id = :id;
