-- name: lock_gathering(gathering)^
-- a gathering, locked, with its free seats: the lowest free one, or null; seats taken, and walk-ins on chairs beyond them
select
    gatherings.id, gatherings.capacity, gatherings.seats_taken,
    (
        select min(number) from generate_series(1, gatherings.capacity) as number
        where gatherings.seats_map & (1 << number - 1) = 0
    ) as free_seat
from gatherings where id = :gathering
for no key update;

-- name: counts(gathering)^
-- how many walk-ins of a gathering have a chair beyond the seats, and how many there ever were. Read once the gathering is locked
select
    count(*) filter (where removed_at is null and seat is null) as beyond,
    count(*) as total
from walk_ins where gathering_id = :gathering;

-- name: gathering_of(id)$
-- the gathering of a walk-in with this id, if there is one
select gathering_id from walk_ins where id = :id;

-- name: add(id, gathering, name, person, seat, actor_id, ago)!
-- somebody came without a booking
insert into walk_ins (id, gathering_id, name, person_id, seat, added_by, added_at)
values (:id, :gathering, :name, :person, :seat, :actor_id, clock_timestamp() - :ago::interval);

-- name: remove(id, gathering, actor_id)$
-- take a walk-in off the register again; their seat is free
update walk_ins set removed_at = now(), removed_by = :actor_id, seat = null
where id = :id and gathering_id = :gathering and removed_at is null
returning id;

-- name: known_people(circle, gathering, typed, most)
-- people with this in their name who had a seat in a circle before and are not at this gathering, for a host to choose from
select people.id as person_id, people.name, people.pronouns, people.email, people.created_at
from people
where has_name(people.name_key, :typed) and people.id in (
    select bookings.person_id from gatherings join bookings on bookings.gathering_id = gatherings.id
    where gatherings.circle_id = :circle and gatherings.starts_at < now() and gatherings.id <> :gathering
        and bookings.state = 'confirmed' and not is_unanswered(bookings.id)
) and not is_at_gathering(people.id, :gathering)
order by people.name_key, people.id limit :most;

-- name: is_known(person, circle, gathering)$
-- whether a host may choose this person: one of the list above
select exists (
    select from gatherings join bookings on bookings.gathering_id = gatherings.id
    where bookings.person_id = :person and gatherings.circle_id = :circle and gatherings.starts_at < now()
        and gatherings.id <> :gathering and bookings.state = 'confirmed' and not is_unanswered(bookings.id)
) and not is_at_gathering(:person, :gathering);

-- name: is_kept_apart(person, gathering)$
-- whether somebody has a seat there with whom this person is not to be seated
select kept_apart(:gathering, :person);

-- name: forget_old_names(age)!
-- first names of walk-ins older than this are forgotten; that somebody came stays
update walk_ins set name = '' where name <> '' and added_at < now() - :age::interval;
