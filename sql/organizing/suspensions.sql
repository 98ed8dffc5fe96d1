-- name: open_suspension(person_id)^
-- the suspension of somebody that is active, or waits for another organizer, locked
select * from suspensions where person_id = :person_id and state in ('asked', 'active') for update;

-- name: add(person_id, state, reason, shares_reason, refund, until, leads, actor_id, was_facilitator, was_organizer)$
-- a suspension, begun or to be agreed to by another organizer
insert into suspensions (
    person_id, state, reason, shares_reason, refund, until, leads, asked_by, begun_by, begun_at, was_facilitator, was_organizer
)
values (
    :person_id, :state, :reason, :shares_reason, :refund, :until, :leads, :actor_id,
    case when :state = 'active' then :actor_id::uuid end, case when :state = 'active' then now() end,
    :was_facilitator, :was_organizer
)
on conflict (person_id) where state in ('asked', 'active') do nothing
returning id;

-- name: begin(id, actor_id, was_facilitator, was_organizer)!
-- another organizer agreed, so it begins
update suspensions set
    state = 'active', begun_by = :actor_id, begun_at = now(), was_facilitator = :was_facilitator, was_organizer = :was_organizer
where id = :id and state = 'asked';

-- name: end_suspension(id, state, actor_id)!
-- a suspension is lifted, or its request withdrawn
update suspensions set state = :state, ended_by = :actor_id, ended_at = now()
where id = :id and state in ('asked', 'active');

-- name: by_id(id)^
-- one suspension
select * from suspensions where id = :id;

-- name: lock_unreleased(id)^
-- a suspension of which its person was not told yet, locked
select suspensions.*, people.email, people.name
from suspensions join people on people.id = suspensions.person_id
where suspensions.id = :id and suspensions.released_at is null
for update of suspensions;

-- name: note_released(id)!
-- everything ahead was let go, and the person is told
update suspensions set released_at = now() where id = :id;

-- name: ended_seats(person_id, since)
-- the seats that ended with a suspension
select bookings.id from bookings
where bookings.person_id = :person_id and bookings.state = 'cancelled' and bookings.end_cause = 'taken_off'
    and bookings.ended_at >= :since
order by bookings.id;

-- name: to_release()
-- suspensions that left a seat or a place ahead: their job did not run yet, or a payment was decided since
select suspensions.id from suspensions
where suspensions.state = 'active' and (
    suspensions.released_at is null
    or exists (
        select from bookings join gatherings on gatherings.id = bookings.gathering_id
        where bookings.person_id = suspensions.person_id and gatherings.starts_at > now()
            and (bookings.state = 'confirmed' or (bookings.state = 'held' and bookings.let_go_at is null))
    )
    or exists (
        select from waits where waits.person_id = suspensions.person_id and waits.state in ('waiting', 'offered')
    )
)
order by suspensions.begun_at
limit 100;

-- name: over()
-- suspensions whose time is over
select person_id from suspensions where state = 'active' and until <= now() order by until limit 100;

-- name: close_role_matters(person_id)
-- what a person asked for, or is invited to, as a facilitator, ends
with requests as (
    update role_requests set state = 'declined', decided_at = now() where person_id = :person_id and state = 'open'
    returning id
)
select id from requests;

-- name: organizers_to_ask(without)
-- organizers but for some
select id, name, email from people where is_organizer and id <> all(:without::uuid []) order by id;
