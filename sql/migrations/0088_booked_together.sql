-- Several dates booked at once.

-- booked_with: the first of the bookings that were made in one step, itself included; null for a single one.
alter table bookings add column booked_with uuid;
-- squawk-ignore require-concurrent-index-creation
create index bookings_booked_with on bookings (booked_with) where booked_with is not null;

-- See 0087. Each statement has a snapshot of its own: the second sees what was committed while the first waited.
create or replace function may_hold_several(person uuid, most integer) returns boolean language plpgsql volatile as $$
begin
    if not may_hold_another(person, most) then
        return false;
    end if;
    return not exists (
        select from bookings
        join checkout_lines as lines on lines.booking_id = bookings.id and not lines.is_addition
        join checkouts on checkouts.id = lines.checkout_id and checkouts.covers = 'bookings'
        where bookings.person_id = person and bookings.state = 'held'
    );
end
$$;

-- See 0052. A checkout that pays several seats ends with the last of them, so that the others can still be paid.
create or replace view awaited_jobs as
-- a confirmed seat ahead of which its person was never told
select
    'invites.send' as name, bookings.id::text as key, jsonb_build_object('booking_id', bookings.id) as payload,
    bookings.confirmed_at as since
from gatherings
join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
where gatherings.state = 'open' and gatherings.ends_at > now() and not exists (
    select from invites join sendings on sendings.invite_id = invites.id
    where invites.gathering_id = bookings.gathering_id and invites.person_id = bookings.person_id
        and sendings.booking_id = bookings.id
)
union all
-- a seat ahead that somebody ended, of which its person was not told. Who paid for one that lapsed is told of the money
select
    'invites.withdraw', bookings.id::text,
    jsonb_build_object('booking_id', bookings.id, 'cause', bookings.end_cause), bookings.ended_at
from gatherings
join bookings on bookings.gathering_id = gatherings.id
join people on people.id = bookings.person_id and people.email not like '%@gone.invalid'
where gatherings.ends_at > now() and (
    bookings.state = 'cancelled'
    or (
        bookings.state = 'lapsed' and bookings.end_cause in ('by_host', 'gathering_cancelled')
        and not exists (select from money_rows where money_rows.booking_id = bookings.id)
    )
) and not exists (
    select from sendings where sendings.booking_id = bookings.id and sendings.method = 'CANCEL'
)
union all
-- a held seat of a gathering that was canceled, or one that a host took back: its checkout must end
select
    'bookings.release', bookings.id::text, jsonb_build_object('booking_id', bookings.id),
    coalesce(bookings.ended_at, bookings.created_at)
from checkouts
join checkout_lines as lines on lines.checkout_id = checkouts.id and not lines.is_addition
join bookings on bookings.id = lines.booking_id
join gatherings on gatherings.id = bookings.gathering_id
where checkouts.state in ('asked', 'open') and (
    (bookings.state = 'held' and gatherings.state = 'cancelled')
    or (
        bookings.state = 'lapsed' and bookings.end_cause = 'by_host' and not exists (
            select from checkout_lines as others join bookings as held on held.id = others.booking_id
            where others.checkout_id = checkouts.id and held.state = 'held'
        )
    )
)
union all
-- guidelines that changed materially of late, while somebody with a seat ahead was not asked to agree again
select
    'bookings.ask_again', versions.id::text, jsonb_build_object('guidelines_id', versions.guidelines_id),
    versions.published_at
from guidelines_versions as versions
where versions.material and versions.published_at > now() - interval '7 days' and exists (
    select from circles
    join gatherings on gatherings.circle_id = circles.id and gatherings.ends_at > now()
    join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
    where circles.guidelines_id = versions.guidelines_id
        and must_agree_to(bookings.person_id, versions.guidelines_id) = versions.id
        and not exists (
            select from guidelines_asked
            where guidelines_asked.person_id = bookings.person_id and guidelines_asked.version_id = versions.id
        )
)
union all
-- a request that ended with its gathering or circle, of which its person was not told
select
    'bookings.request_closed', requests.id::text, jsonb_build_object('request_id', requests.id), requests.decided_at
from requests
where requests.state = 'withdrawn' and requests.decided_at > now() - interval '7 days'
    and exists (
        select from events
        where events.about = requests.id and events.what = 'request.withdrawn' and events.details ? 'mail'
    )
    and not exists (select from events where events.about = requests.id and events.what = 'request.told')
union all
-- a list of therapists that was confirmed and is not written yet
select
    'imports.write', listing_imports.id::text,
    jsonb_build_object('import_id', listing_imports.id, 'by', listing_imports.made_by), listing_imports.created_at
from listing_imports
where listing_imports.state = 'writing' and listing_imports.made_by is not null;
