-- name: all_circles()
-- every circle, with the hour at which it mostly met of late
select
    circles.id, circles.name, circles.discreet_name, circles.zone, circles.currency, circles.capacity, circles.length_minutes,
    circles.state, circles.maximum, usual.at as usual_time
from circles
left join lateral (
    select newest.at
    from (
        select gatherings.wall_start::time as at
        from gatherings
        where gatherings.circle_id = circles.id and gatherings.state <> 'cancelled'
        order by gatherings.starts_at desc limit 10
    ) as newest
    group by newest.at order by count(*) desc, newest.at limit 1
) as usual on true
order by circles.name_key, circles.id;

-- name: accounts(emails, names)
-- the accounts that rows of a list may mean, by address or by name; joined: the addresses of those joined to each
select
    people.id, people.email, people.name, people.name_key, people.created_at,
    people.suspended_at is not null as suspended,
    exists (select from untold_people where untold_people.person_id = people.id) as untold,
    array(select other.email from people as other where other.merged_into = people.id) as joined
from people
where people.id in (
    select coalesce(by_email.merged_into, by_email.id)
    from people as by_email where by_email.email = any(:emails::text [])
    union all
    select by_name.id
    from unnest(:names::text []) as names (name) join people as by_name on by_name.name_key = name_key(names.name)
    where by_name.merged_into is null
) and people.email not like '%@gone.invalid'
order by people.created_at, people.id;

-- name: gatherings_between(circles, starts_at, ends_at)
-- the gatherings of these circles that begin within a time; made: a list made it, so it may get more seats
select
    gatherings.id, gatherings.circle_id, gatherings.wall_start, gatherings.starts_at, gatherings.state, gatherings.capacity,
    gatherings.seats_taken, gatherings.seats_map, gatherings.community_seats, gatherings.community_taken,
    gatherings.closed_at, moved.gathering_id is not null as made
from gatherings
left join moved_in_gatherings as moved on moved.gathering_id = gatherings.id
where gatherings.circle_id = any(:circles::uuid []) and gatherings.state <> 'draft'
    and gatherings.starts_at >= :starts_at and gatherings.starts_at < :ends_at
order by gatherings.circle_id, gatherings.starts_at, gatherings.id;

-- name: lock_gatherings(ids)
-- lock gatherings until the end of the transaction, in the order in which everybody locks them
select id, capacity, seats_map, seats_taken, state, made.gathering_id is not null as made
from gatherings left join moved_in_gatherings as made on made.gathering_id = gatherings.id
where id = any(:ids::uuid []) order by id for no key update of gatherings;

-- name: seats_of(gatherings, people)
-- the seats that these people have at these gatherings, with their marks
select
    bookings.id, bookings.gathering_id, bookings.person_id,
    case
        when attendance.late and attendance.left_early then 'late_left_early'
        when attendance.late then 'late'
        when attendance.left_early then 'left_early'
        else coalesce(attendance.mark, '')
    end as mark
from bookings left join attendance on attendance.booking_id = bookings.id
where bookings.gathering_id = any(:gatherings::uuid []) and bookings.person_id = any(:people::uuid [])
    and bookings.state in ('held', 'confirmed');

-- name: set_outcome(import_id, number, outcome, says, person, booking)*!
-- the outcome of each row
update listing_import_rows
set outcome = :outcome, says = :says, person_id = :person, booking_id = :booking
where import_id = :import_id and number = :number;

-- name: add_people(emails, names, pronouns, since)
-- new accounts, for whom no mail is meant until their organizer says so; no row for an address that has one by now
insert into people (email, name, pronouns, created_at)
select given.email, given.name, given.pronouns, least(coalesce(given.since, now()), now())
from unnest(:emails::text [], :names::text [], :pronouns::text [], :since::timestamptz []) as given (email, name, pronouns, since)
on conflict (email) do nothing
returning id, email;

-- name: note_untold(people, import_id)!
-- nobody told these people of their account yet; the events of their joining
with untold as (
    insert into untold_people (person_id, import_id)
    select person, :import_id from unnest(:people::uuid []) as made (person)
    returning person_id
)
insert into events (what, about, who, before, after, why, details)
select 'person.joined', untold.person_id, imports.made_by, '', 'member', 'moved in', jsonb_build_object('import', imports.id)
from untold cross join listing_imports as imports
where imports.id = :import_id;

-- name: add_gatherings(import_id, actor_id, circles, walls, starts, capacities)
-- past gatherings that a list names, with their events
with given as (
    select * from unnest(
        :circles::uuid [], :walls::timestamp [], :starts::timestamptz [], :capacities::smallint []
    ) as given (circle, wall, at, seats)
), made as (
    insert into gatherings (
        circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, state
    )
    select
        circles.id, given.wall, circles.zone, circles.length_minutes, given.at,
        given.at + make_interval(mins => circles.length_minutes), given.seats, 0, 'open'
    from given join circles on circles.id = given.circle
    on conflict do nothing
    returning id, circle_id, starts_at, capacity, seats_map
), noted as (
    insert into moved_in_gatherings (gathering_id, import_id) select id, :import_id from made
), event as (
    insert into events (what, about, who, before, after, why, details)
    select 'gathering.moved_in', id, :actor_id, '', 'open', '', jsonb_build_object('import', :import_id::uuid) from made
)
select made.* from made;

-- name: widen(ids, capacities)!
-- more seats of past gatherings that a list made
update gatherings set capacity = wider.capacity
from unnest(:ids::uuid [], :capacities::smallint []) as wider (id, capacity)
where gatherings.id = wider.id and gatherings.capacity < wider.capacity;

-- name: add_past_seats(import_id, actor_id, gatherings, people, seats, paid)
-- seats of past gatherings, with their events; the caller holds the locks of the gatherings
with given as (
    select * from unnest(:gatherings::uuid [], :people::uuid [], :seats::smallint [], :paid::int [])
        as given (gathering, person, seat, paid)
), made as (
    insert into bookings (
        gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, refund_hours,
        late_refund_percent, confirmed_at
    )
    select
        given.gathering, given.person, given.seat, 'free', 'confirmed', 0, circles.currency, 0, circles.maximum,
        circles.refund_hours, circles.late_refund_percent, now()
    from given
    join gatherings on gatherings.id = given.gathering
    join circles on circles.id = gatherings.circle_id
    returning id, gathering_id, person_id
), moved as (
    insert into moved_in_seats (booking_id, import_id, paid)
    select made.id, :import_id, given.paid
    from made join given on (given.gathering, given.person) = (made.gathering_id, made.person_id)
), event as (
    insert into events (what, about, who, after, why, details)
    select 'booking.confirmed', id, :actor_id, 'confirmed', 'moved in', jsonb_build_object('import', :import_id::uuid) from made
)
select made.* from made;

-- name: open_registers(bookings, actor_id)
-- the gatherings of these seats that a list made, their registers open for now; a closed one is opened again, with an event
with made as (
    select gatherings.id, gatherings.closed_at
    from gatherings join moved_in_gatherings on moved_in_gatherings.gathering_id = gatherings.id
    where gatherings.id in (select gathering_id from bookings where bookings.id = any(:bookings::uuid []))
), opened as (
    update gatherings set closed_at = null, closed_by = null
    from made where made.id = gatherings.id and made.closed_at is not null
), event as (
    insert into events (what, about, who, before, after, why)
    select 'register.reopened', id, :actor_id, 'closed', 'open', 'moved in' from made where closed_at is not null
)
select id from made order by id;

-- name: add_marks(bookings, marks, late, left_early, actor_id)!
-- what a list says of who came, in the record of the registers
with given as (
    select * from unnest(:bookings::uuid [], :marks::text [], :late::bool [], :left_early::bool [])
        as given (booking, mark, late, left_early)
), made as (
    insert into register_marks (gathering_id, booking_id, mark, late, left_early, made_by, source)
    select bookings.gathering_id, bookings.id, given.mark, given.late, given.left_early, :actor_id, 'brought_in'
    from given join bookings on bookings.id = given.booking
    returning booking_id, mark
)
insert into events (what, about, who, before, after, why)
select 'attendance.marked', booking_id, :actor_id, '', mark, 'moved in' from made;

-- name: close_registers(gatherings, actor_id)!
-- the registers of these gatherings are closed, with their events
with closed as (
    update gatherings set closed_at = clock_timestamp(), closed_by = :actor_id where id = any(:gatherings::uuid [])
    returning id
)
insert into events (what, about, who, before, after, why)
select 'register.closed', id, :actor_id, 'open', 'closed', 'moved in' from closed;

-- name: note_seat(booking, import_id)!
-- a seat ahead that a list brought: its person is not told of it yet
insert into moved_in_seats (booking_id, import_id) values (:booking, :import_id);

-- name: set_told(id, actor_id)!
-- the people of an import are told from now on
update listing_imports set told_at = now(), told_by = :actor_id where id = :id and told_at is null;

-- name: tell_counts(id)^
-- whom "Tell them" would mail: new people, and people with a seat ahead that the list brought
select
    (
        select count(*) from untold_people
        where untold_people.person_id in (
            select rows.person_id from listing_import_rows as rows where rows.import_id = :id
            union all
            select made.person_id from untold_people as made where made.import_id = :id
        )
    ) as people,
    (
        select count(distinct bookings.person_id)
        from moved_in_seats as moved
        join bookings on bookings.id = moved.booking_id and bookings.state = 'confirmed'
        join gatherings on gatherings.id = bookings.gathering_id
        where moved.import_id = :id and moved.told_at is null and gatherings.state = 'open' and gatherings.ends_at > now()
    ) as seated;

-- name: people_to_tell(id, most)
-- some people of an import who were not told of their account, locked
select people.id, people.email, people.name
from untold_people join people on people.id = untold_people.person_id
where untold_people.person_id in (
    select rows.person_id from listing_import_rows as rows where rows.import_id = :id
    union all
    select made.person_id from untold_people as made where made.import_id = :id
)
order by people.id limit :most
for update of untold_people;

-- name: end_silence(people)!
-- these people are told of their account
delete from untold_people where person_id = any(:people::uuid []);

-- name: tell_seats(id)
-- the seats of an import may be mailed about from now on; those ahead, by person
with told as (
    update moved_in_seats set told_at = now() where import_id = :id and told_at is null
    returning booking_id
)
select bookings.person_id, array_agg(bookings.id order by gatherings.starts_at, bookings.id) as bookings
from told
join bookings on bookings.id = told.booking_id and bookings.state = 'confirmed'
join gatherings on gatherings.id = bookings.gathering_id
where gatherings.state = 'open' and gatherings.ends_at > now()
group by bookings.person_id
order by bookings.person_id;

-- name: asked(import_id)
-- what has to be answered about all rows of a list that say the same, the most frequent first; of days one example
select ask ->> 0 as about, min(ask ->> 1) as word, count(*) as how_many
from listing_import_rows
cross join lateral jsonb_array_elements(coalesce(nullif(says, '[]') -> 'asks', '[]')) as ask
where import_id = :import_id and outcome = 'doubtful'
group by ask ->> 0, case when ask ->> 0 = 'day_first' then '' else ask ->> 1 end
order by about, how_many desc, word limit 60;

-- name: persons_asked(import_id, most)
-- the persons of a list of whom somebody has to say who they are, each with the first row and how many there are
select distinct on ((says ->> 'who')::int)
    number, says, coalesce(says ->> 'address', '') as address,
    count(*) over (partition by says ->> 'who') as how_many
from listing_import_rows
where import_id = :import_id and outcome = 'doubtful' and says ? 'who'
order by (says ->> 'who')::int, number limit :most;

-- name: made(id)^
-- what a written import made
select
    (details ->> 'people')::int as people, (details ->> 'gatherings')::int as gatherings,
    (details ->> 'seats')::int as seats, (details ->> 'marks')::int as marks
from events where about = :id and what = 'import.written' order by id desc limit 1;
