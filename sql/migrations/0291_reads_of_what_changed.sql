-- What the timetable mends is looked for among what changed lately, and as a whole once a week.

-- squawk-ignore require-concurrent-index-creation
create index invites_changed on invites (changed_at);

-- See 0160 and 0181, which both hold. The people of a circle are read once, not for each who was chosen.
create or replace function message_recipients(message_id uuid) returns table (person_id uuid, booking_id uuid)
language sql stable parallel safe
as $$
    with message as (select * from messages where messages.id = message_id),

    addressed as (
        select bookings.person_id, bookings.id as booking_id, gatherings.starts_at
        from message
        join gatherings on gatherings.id = message.gathering_id
        join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
        where message.audience = 'gathering' and (message.booking_id is null or message.booking_id = bookings.id)
        union all
        select bookings.person_id, bookings.id, gatherings.starts_at
        from message
        join gatherings on gatherings.circle_id = message.circle_id
        join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
        where message.audience = 'ahead' and gatherings.state = 'open' and gatherings.ends_at > now()
        union all
        select bookings.person_id, bookings.id, null
        from message
        join bookings on bookings.gathering_id = last_registered(message.circle_id)
        join attendance on attendance.booking_id = bookings.id
        where (message.audience, attendance.mark) in (('came', 'came'), ('absent', 'absent'))
        union all
        select waits.person_id, null, null
        from message
        join gatherings on gatherings.id = message.gathering_id or gatherings.circle_id = message.circle_id
        join waits on waits.gathering_id = gatherings.id and waits.state in ('waiting', 'offered')
        where message.audience = 'waiting' and gatherings.state = 'open' and gatherings.starts_at > now()
        union all
        select chosen.person_id, null, null
        from message
        join message_people as chosen on chosen.message_id = message.id
        join people_of_circle(message.circle_id) as people_there on people_there.person_id = chosen.person_id
        where message.audience = 'chosen'
    )

    select distinct on (addressed.person_id) addressed.person_id, addressed.booking_id
    from addressed join people on people.id = addressed.person_id
    where people.email not like '%@gone.invalid' and people.suspended_at is null
        and (addressed.booking_id is null or not is_untold_seat(addressed.booking_id))
        and not exists (select from untold_people where untold_people.person_id = addressed.person_id)
    order by addressed.person_id, addressed.starts_at, addressed.booking_id
$$;

-- See 0160. about: the booking, request, list or version that a job is about.
create or replace view awaited_jobs as
-- a confirmed seat ahead of which its person was never told
select
    'invites.send' as name, bookings.id::text as key, jsonb_build_object('booking_id', bookings.id) as payload,
    bookings.confirmed_at as since, bookings.id as about
from gatherings
join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
where gatherings.state = 'open' and gatherings.ends_at > now() and not is_untold_seat(bookings.id) and not exists (
    select from invites join sendings on sendings.invite_id = invites.id
    where invites.gathering_id = bookings.gathering_id and invites.person_id = bookings.person_id
        and sendings.booking_id = bookings.id
)
union all
-- a seat ahead that somebody ended, of which its person was not told. Who paid for one that lapsed is told of the money
select
    'invites.withdraw', bookings.id::text,
    jsonb_build_object('booking_id', bookings.id, 'cause', bookings.end_cause), bookings.ended_at, bookings.id
from gatherings
join bookings on bookings.gathering_id = gatherings.id
join people on people.id = bookings.person_id and people.email not like '%@gone.invalid'
where gatherings.ends_at > now() and (
    bookings.state = 'cancelled'
    or (
        bookings.state = 'lapsed' and bookings.end_cause in ('by_host', 'gathering_cancelled')
        and not exists (select from money_rows where money_rows.booking_id = bookings.id)
    )
) and not is_untold_seat(bookings.id) and not exists (
    select from sendings where sendings.booking_id = bookings.id and sendings.method = 'CANCEL'
)
union all
-- a held seat of a gathering that was canceled, or one that a host took back: its checkout must end
select
    'bookings.release', bookings.id::text, jsonb_build_object('booking_id', bookings.id),
    coalesce(bookings.ended_at, bookings.created_at), bookings.id
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
    versions.published_at, versions.id
from guidelines_versions as versions
where versions.material and versions.published_at > now() - interval '7 days' and exists (
    select from circles
    join gatherings on gatherings.circle_id = circles.id and gatherings.ends_at > now()
    join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
    where circles.guidelines_id = versions.guidelines_id
        and must_agree_to(bookings.person_id, versions.guidelines_id) = versions.id
        and not is_untold_seat(bookings.id)
        and not exists (
            select from guidelines_asked
            where guidelines_asked.person_id = bookings.person_id and guidelines_asked.version_id = versions.id
        )
    offset 0  -- for each of those few versions, not for all seats ahead
)
union all
-- a request that ended with its gathering or circle, of which its person was not told
select
    'bookings.request_closed', requests.id::text, jsonb_build_object('request_id', requests.id), requests.decided_at,
    requests.id
from requests
where requests.state = 'withdrawn' and requests.decided_at > now() - interval '7 days'
    and exists (
        select from events
        where events.about = requests.id and events.what = 'request.withdrawn' and events.details ? 'mail'
    )
    and not exists (select from events where events.about = requests.id and events.what = 'request.told')
union all
-- a list that was confirmed and is not written yet
select
    case listing_imports.kind when 'therapists' then 'imports.write' else 'moving_in.write' end, listing_imports.id::text,
    jsonb_build_object('import_id', listing_imports.id, 'by', listing_imports.made_by), listing_imports.created_at,
    listing_imports.id
from listing_imports
where listing_imports.state = 'writing' and listing_imports.made_by is not null;
