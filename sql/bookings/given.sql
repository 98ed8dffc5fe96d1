-- name: lock_gathering(gathering, actor_id)^
-- a gathering for somebody who may act for it, locked, with what decides whether a seat can be given
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.starts_at, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken, circles.state as circle_state, circles.currency, circles.minimum, circles.maximum, circles.refund_hours,
    circles.late_refund_percent, circles.guidelines_id, circles.discreet_name, host.part, clock_timestamp() as now,
    screenings.newcomers_most
from gatherings
join circles on circles.id = gatherings.circle_id
join may_manage_gathering(gatherings.id, :actor_id) as host on host.may_change
left join screenings on screenings.circle_id = circles.id
where gatherings.id = :gathering
for no key update of gatherings;

-- name: standing(gathering, email)^
-- once a gathering is locked: whether somebody with this address has a seat there, whether one is offered to them, whether they
-- are kept apart from somebody who has one, and how many newcomers have one
select
    exists (
        select from waits join people on people.id = waits.person_id
        where waits.gathering_id = :gathering and people.id = account_of(:email) and waits.state = 'offered'
    ) as is_offered,
    exists (
        select from bookings join people on people.id = bookings.person_id
        where bookings.gathering_id = :gathering and people.id = account_of(:email) and bookings.state in ('held', 'confirmed')
    ) as has_seat,
    coalesce((select kept_apart(:gathering, people.id) from people where people.id = account_of(:email)), false) as kept_apart,
    newcomers_at(:gathering) as newcomers;

-- name: give(kind, gathering, person, currency, maximum, refund_hours, late_percent, actor_id)$
-- a given seat, the lowest free one, with its event; no row when there is none. The caller holds the gathering's lock
with free as (
    select gatherings.id, min(number) as seat
    from gatherings cross join generate_series(1, gatherings.capacity) as number
    where gatherings.id = :gathering and gatherings.seats_map & (1 << number - 1) = 0
    group by gatherings.id
), booking as (
    insert into bookings (
        gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, refund_hours,
        late_refund_percent, confirmed_at
    )
    select
        free.id, :person, free.seat, :kind, 'confirmed', 0, :currency, 0, :maximum, :refund_hours,
        :late_percent, now()
    from free
    on conflict do nothing
    returning id, state
), event as (
    insert into events (what, about, who, after, why)
    select 'booking.' || state, id, :actor_id, state, 'given' from booking
)
select id from booking;

-- name: note_given(booking, actor_id, name, email, made_account)!
-- under which name a seat was given, by whom
insert into given_seats (booking_id, given_by, name, email, made_account)
values (:booking, :actor_id, :name, :email, :made_account);

-- name: know_facts(ids)!
-- whoever has these seats is told what holds now, and asked to agree to the guidelines by the same mail
with asked as (
    insert into guidelines_asked (person_id, version_id)
    select distinct bookings.person_id, must_agree_to(bookings.person_id, circles.guidelines_id)
    from bookings
    join gatherings on gatherings.id = bookings.gathering_id
    join circles on circles.id = gatherings.circle_id
    where bookings.id = any(:ids::uuid []) and must_agree_to(bookings.person_id, circles.guidelines_id) is not null
    on conflict do nothing
)
update bookings set known = gathering_facts(gathering_id) where id = any(:ids::uuid []);

-- name: note_asked(person, guidelines)!
-- who is given a seat is asked by its mail, and not once more for a change before it
insert into guidelines_asked (person_id, version_id)
select :person, must_agree_to(:person, :guidelines) where must_agree_to(:person, :guidelines) is not null
on conflict do nothing;

-- name: answer(booking, person, version)!
-- the person of a given seat has taken it: their acceptance is that of the booking
with answered as (
    update given_seats set answered_at = now() where booking_id = :booking and answered_at is null
)
update bookings set acceptance_id = (
    select id from acceptances where person_id = :person and version_id = :version
)
where id = :booking and acceptance_id is null;

-- name: seat(booking, actor_id)^
-- one booking for somebody who may act for its gathering, as hosts may know it: no amount that was paid by card
select
    bookings.id, bookings.gathering_id, bookings.state, bookings.kind, bookings.currency, bookings.end_cause,
    bookings.ended_at, bookings.created_at, gatherings.state as gathering_state, gatherings.starts_at, gatherings.ends_at,
    gatherings.zone, gatherings.circle_id, circles.name as circle_name, host.part, clock_timestamp() as now,
    name_for_hosts(bookings.id, people.name) as name, is_unanswered(bookings.id) as unanswered,
    given.given_at, given.answered_at, giver.name as giver_name, coalesce(leaving_notes.body, '') as left_note,
    actor.is_organizer,
    coalesce(array(
        select jsonb_build_object(
            'id', cash_rows.id, 'at', cash_rows.at, 'kind', cash_rows.kind, 'amount', cash_rows.amount,
            'note', cash_rows.note, 'noted_by', coalesce(noter.name, 'Somebody who left')
        )
        from cash_rows left join people as noter on noter.id = cash_rows.noted_by
        where cash_rows.booking_id = bookings.id and (actor.is_organizer or cash_rows.noted_by = actor.id)
        order by cash_rows.at, cash_rows.id
    ), '{}') as cash
from bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
join people on people.id = bookings.person_id
join people as actor on actor.id = :actor_id
join may_manage_gathering(gatherings.id, :actor_id) as host on host.may_change
left join given_seats as given on given.booking_id = bookings.id
left join people as giver on giver.id = given.given_by
left join leaving_notes on leaving_notes.booking_id = bookings.id
where bookings.id = :booking;

-- name: may_act(booking, actor_id)$
-- whether somebody may act for the gathering of a booking
select host.may_change
from bookings join may_manage_gathering(bookings.gathering_id, :actor_id) as host on true
where bookings.id = :booking and host.may_change;

-- name: gathering(gathering, actor_id)^
-- a gathering for somebody who may act for it, with its seats, and who left it of themselves or was taken off
select
    gatherings.id, gatherings.circle_id, gatherings.state, gatherings.starts_at, gatherings.ends_at, gatherings.zone,
    gatherings.capacity, gatherings.seats_taken, circles.name as circle_name, circles.currency, circles.maximum,
    host.part, clock_timestamp() as now
from gatherings
join circles on circles.id = gatherings.circle_id
join may_manage_gathering(gatherings.id, :actor_id) as host on host.may_change
where gatherings.id = :gathering;

-- name: seats(gathering)
-- the confirmed seats of a gathering and those that ended by their person or a host, as hosts may know them
select
    bookings.id, bookings.state, bookings.end_cause, bookings.ended_at, name_for_hosts(bookings.id, people.name) as name,
    given.booking_id is not null as unanswered, exists (select from given_seats where given_seats.booking_id = bookings.id) as given, coalesce(leaving_notes.body, '') as left_note
from bookings
join people on people.id = bookings.person_id
left join given_seats as given on given.booking_id = bookings.id and given.answered_at is null
left join leaving_notes on leaving_notes.booking_id = bookings.id
where bookings.gathering_id = :gathering and (
    bookings.state = 'confirmed' or (bookings.state = 'cancelled' and bookings.end_cause in ('by_member', 'taken_off'))
)
order by bookings.state = 'confirmed' desc, coalesce(given.name_key, people.name_key), bookings.id
limit 200;

-- name: write_note(booking, body, actor_id)!
-- why somebody left; the newest note counts
insert into leaving_notes (booking_id, body, written_by) values (:booking, :body, :actor_id)
on conflict (booking_id) do update set body = excluded.body, written_by = excluded.written_by, written_at = now();

-- name: delete_note(booking)!
-- no note after all
delete from leaving_notes where booking_id = :booking;

-- name: forget_notes(age)!
-- notes older than this
delete from leaving_notes where written_at < now() - :age::interval;

-- name: unanswered_people(age)
-- people whose account was made for a seat that nobody ever answered, and who did nothing else since, locked
select people.id
from given_seats
join bookings on bookings.id = given_seats.booking_id
join gatherings on gatherings.id = bookings.gathering_id
join people on people.id = bookings.person_id
where given_seats.answered_at is null and given_seats.made_account and given_seats.email <> ''
    and given_seats.given_at < now() - :age::interval and gatherings.ends_at < now() - :age::interval
    and not exists (select from known_browsers where known_browsers.person_id = people.id)
    and not exists (select from hosts where hosts.person_id = people.id)
    and not people.is_facilitator and not people.is_organizer
    and not exists (
        select from bookings as others
        left join given_seats as given on given.booking_id = others.id
        join gatherings as theirs on theirs.id = others.gathering_id
        where others.person_id = people.id
            and (given.booking_id is null or given.answered_at is not null or theirs.ends_at >= now() - :age::interval)
    )
order by people.id
for update of people;

-- name: forget_person(person)!
-- a person who never answered: the row stays without a name or an address
with mail as (
    delete from mails where person_id = :person
), feed as (
    delete from feeds where person_id = :person
)
update people set email = id || '@gone.invalid', name = 'Somebody who never answered' where id = :person;

-- name: forget_names(age)!
-- names and addresses under which seats were given, long after their gatherings
update given_seats set name = '', email = ''
from bookings join gatherings on gatherings.id = bookings.gathering_id
where bookings.id = given_seats.booking_id and given_seats.email <> ''
    and gatherings.ends_at < now() - :age::interval and given_seats.given_at < now() - :age::interval;
