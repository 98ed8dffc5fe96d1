-- Lists of people, of past attendance and of bookings ahead, brought in like those of therapists; and what they made.

-- What a list is of. Code of before knows those of therapists alone, and shows the others under its own.
alter table listing_imports
add column kind text not null default 'therapists',
-- When the organizer had the people of a list told, and who that was.
add column told_at timestamptz,
add column told_by uuid,
add constraint import_kind_known check (kind in ('therapists', 'people', 'attendance', 'bookings')) not valid,
add constraint import_told_by_somebody foreign key (told_by) references people (id) on delete set null not valid;
alter table listing_imports validate constraint import_kind_known;
alter table listing_imports validate constraint import_told_by_somebody;
-- squawk-ignore require-concurrent-index-creation
create index listing_imports_told_by on listing_imports (told_by) where told_by is not null;

-- doubtful: somebody has to say which person a row means.
alter table listing_import_rows
add column person_id uuid,
add column booking_id uuid,
add constraint import_row_of_person foreign key (person_id) references people (id) on delete set null not valid,
add constraint import_row_of_booking foreign key (booking_id) references bookings (id) on delete set null not valid;
alter table listing_import_rows validate constraint import_row_of_person;
alter table listing_import_rows validate constraint import_row_of_booking;
-- squawk-ignore require-concurrent-index-creation
create index listing_import_rows_person on listing_import_rows (person_id) where person_id is not null;
-- squawk-ignore require-concurrent-index-creation
create index listing_import_rows_booking on listing_import_rows (booking_id) where booking_id is not null;
-- squawk-ignore ban-drop-constraint
alter table listing_import_rows drop constraint import_row_outcome_known;
alter table listing_import_rows add constraint import_row_outcome_known check (
    outcome in ('', 'new', 'changed', 'same', 'refused', 'written', 'doubtful')
) not valid;
alter table listing_import_rows validate constraint import_row_outcome_known;

-- A seat that a list brought: past, or ahead. paid: what the list says was paid for it elsewhere, in minor units; it is in no
-- ledger and no sum of cash. told_at: since when its person may be mailed about it.
create table moved_in_seats (
    booking_id uuid primary key references bookings (id) on delete cascade,
    import_id uuid references listing_imports (id) on delete set null,
    paid integer,
    told_at timestamptz,
    constraint moved_in_seat_paid_sane check (paid between 0 and 10000000)
);
create index moved_in_seats_import on moved_in_seats (import_id);

-- A past gathering that a list made.
create table moved_in_gatherings (
    gathering_id uuid primary key references gatherings (id) on delete cascade,
    import_id uuid references listing_imports (id) on delete set null
);
create index moved_in_gatherings_import on moved_in_gatherings (import_id);

-- People whose account a list made, and whom nobody has told of it: no mail goes to them but what they ask for themselves.
create table untold_people (
    person_id uuid primary key references people (id) on delete cascade,
    import_id uuid references listing_imports (id) on delete set null,
    since timestamptz not null default now()
);
create index untold_people_import on untold_people (import_id);

-- Whether a seat came with a list and its person is not to be mailed about it yet. Who agreed to it knows it.
create function is_untold_seat(booking uuid) returns boolean language plpgsql stable strict parallel safe as $$
begin
    return exists (
        select from moved_in_seats as moved
        where moved.booking_id = booking and moved.told_at is null and not exists (
            select from given_seats as given where given.booking_id = booking and given.answered_at is not null
        )
    );
end
$$;

-- Who signs in knows the site.
create function end_silence() returns trigger language plpgsql as $$
begin
    delete from untold_people where person_id = new.person_id;
    return null;
end
$$;
create trigger sign_ins_end_silence after insert on sign_ins for each row execute function end_silence();

-- A reminder of a seat that its person was not told of is of no use.
create or replace function reminder_holds(reminder reminders) returns boolean
language sql stable
as $$
    select exists (
        select from bookings
        join people on people.id = bookings.person_id
        join gatherings on gatherings.id = bookings.gathering_id
        where bookings.id = reminder.booking_id and bookings.state = 'confirmed'
            and case reminder.kind when 'day' then people.remind_day else people.remind_hour end
            and gatherings.state = 'open' and gatherings.starts_at = reminder.starts_at
            and gatherings.starts_at > now() and not is_untold_seat(bookings.id)
    )
$$;

-- Who belongs to a circle: those with a seat ahead, and those with a mark in a register of the last year; nobody by a seat that
-- they were not told of.
create or replace function people_of_circle(circle uuid) returns table (person_id uuid)
language sql stable parallel safe
as $$
    select bookings.person_id
    from gatherings join bookings on bookings.gathering_id = gatherings.id
    left join attendance on attendance.booking_id = bookings.id
    where gatherings.circle_id = circle and gatherings.state = 'open'
        and gatherings.starts_at > now() - interval '1 year'
        and ((bookings.state = 'confirmed' and gatherings.ends_at > now()) or attendance.booking_id is not null)
        and not is_untold_seat(bookings.id)
    group by bookings.person_id
$$;

-- See 0094. Nobody who was not told of their account, or of the seat that a message is about, gets it.
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
        where message.audience = 'chosen'
            and chosen.person_id in (select people_of_circle.person_id from people_of_circle(message.circle_id))
    )

    select distinct on (addressed.person_id) addressed.person_id, addressed.booking_id
    from addressed join people on people.id = addressed.person_id
    where people.email not like '%@gone.invalid'
        and (addressed.booking_id is null or not is_untold_seat(addressed.booking_id))
        and not exists (select from untold_people where untold_people.person_id = addressed.person_id)
    order by addressed.person_id, addressed.starts_at, addressed.booking_id
$$;

-- See 0088. A seat that its person is not to be told of yet waits for no mail.
create or replace view awaited_jobs as
-- a confirmed seat ahead of which its person was never told
select
    'invites.send' as name, bookings.id::text as key, jsonb_build_object('booking_id', bookings.id) as payload,
    bookings.confirmed_at as since
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
) and not is_untold_seat(bookings.id) and not exists (
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
        and not is_untold_seat(bookings.id)
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
-- a list that was confirmed and is not written yet
select
    case listing_imports.kind when 'therapists' then 'imports.write' else 'moving_in.write' end, listing_imports.id::text,
    jsonb_build_object('import_id', listing_imports.id, 'by', listing_imports.made_by), listing_imports.created_at
from listing_imports
where listing_imports.state = 'writing' and listing_imports.made_by is not null;
