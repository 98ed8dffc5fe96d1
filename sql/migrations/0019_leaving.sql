-- Leaving the directory: what members keep of a therapist who goes, what is forgotten, and whom one may be sent on to.

-- What somebody asked stays theirs when the listing is gone: the name it had then, and why the introduction ended
-- when it was not its member who ended it.
alter table introductions
add column listing_name text not null default '',
add column ended_because text not null default '';
-- Yesterday's code joins with the listing, so it leaves out a row that has none.
-- squawk-ignore ban-drop-not-null
alter table introductions alter column listing_id drop not null;
-- squawk-ignore ban-drop-constraint
alter table introductions drop constraint introductions_listing_id_fkey;
alter table introductions
add constraint introduction_listing foreign key (listing_id) references listings (id) on delete set null not valid,
add constraint introduction_listing_name_length check (char_length(listing_name) <= 80) not valid,
add constraint introduction_ended_because_known check (
    ended_because = ''
    or (state = 'ended' and ended_because in ('left', 'therapist', 'organizer', 'unconfirmed', 'licence'))
) not valid;
alter table introductions validate constraint introduction_listing;
alter table introductions validate constraint introduction_listing_name_length;
alter table introductions validate constraint introduction_ended_because_known;
update introductions set listing_name = listings.name from listings where listings.id = introductions.listing_id;

-- Only on lines about what the member told: whom a facilitator suggested needs no name once it is gone.
alter table accesses add column listing_name text not null default '';
alter table accesses
add constraint access_listing_name_length check (char_length(listing_name) <= 80) not valid;
alter table accesses validate constraint access_listing_name_length;
update accesses set listing_name = listings.name
from listings where listings.id = accesses.listing_id and accesses.what like 'introduction.%';

-- What organizers wrote to the therapist when they hid the listing: it goes with the listing, and when that is shown
-- again. Until now it stood in the events, which nothing erases.
alter table listings add column hidden_words text not null default '';
alter table listings
add constraint listing_hidden_words_length check (char_length(hidden_words) <= 500) not valid;
alter table listings validate constraint listing_hidden_words_length;
update listings set hidden_words = said.why
from (
    select distinct on (events.about) events.about, left(events.why, 500) as why
    from events where events.what = 'listing.hidden' order by events.about, events.id desc
) as said
where said.about = listings.id and listings.state = 'hidden' and listings.hidden_because = 'organizer';
alter table events disable trigger events_append_only;
update events set why = '' where what = 'listing.hidden' and why <> '';
alter table events enable trigger events_append_only;

-- A complaint that was decided is forgotten in time: its words, and who sent it. The rule is widened: nothing that
-- held is lost.
alter table complaints add column forgotten_at timestamptz;
-- squawk-ignore ban-drop-constraint
alter table complaints drop constraint complaint_length;
alter table complaints
add constraint complaint_length check (
    case
        when forgotten_at is null then char_length(body) between 1 and 2000
        else body = '' and person_id is null and state <> 'open'
    end
) not valid;
alter table complaints validate constraint complaint_length;
-- squawk-ignore require-concurrent-index-creation
create index complaints_decided on complaints (decided_at) where forgotten_at is null;

-- Whether a listing may be named to a member now: it is shown, is not closed, and has a licence that counts today where
-- it meets people; and where a therapist was asked first, one in an area where that therapist is licensed today too.
create function may_be_named(named uuid, asked_first uuid) returns boolean
language sql stable parallel safe
as $$
    select exists (
        select from listings join licences on licences.listing_id = listings.id
        where listings.id = named and listings.state = 'shown' and listings.room <> 'closed'
            and (listings.telehealth or (listings.in_person and listings.area = licences.area))
            and licences.status = 'active'
            and coalesce(licences.expires_on >= (now() at time zone 'utc')::date, true)
            and (
                asked_first is null
                or exists (
                    select from licences as theirs
                    where theirs.listing_id = asked_first and theirs.area = licences.area and theirs.status = 'active'
                        and coalesce(theirs.expires_on >= (now() at time zone 'utc')::date, true)
                )
            )
    ) and named is distinct from asked_first
$$;

-- Where a listing has a licence that counts today.
create function licensed_areas(listing uuid) returns text []
language sql stable parallel safe
as $$
    select coalesce(array_agg(distinct licences.area order by licences.area), '{}')
    from licences
    where licences.listing_id = listing and licences.status = 'active'
        and coalesce(licences.expires_on >= (now() at time zone 'utc')::date, true)
$$;
