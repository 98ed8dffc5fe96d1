-- name: hosted(circle_id, person)^
-- a circle for one of the hosts who may change it, with how it takes in people
select
    circles.id, circles.name, circles.discreet_name, circles.zone,
    coalesce(screenings.asks, 'off') as asks, coalesce(screenings.questions, '{}') as questions,
    coalesce(screenings.version, 0) as version, screenings.newcomers_most, screenings.newcomers_days
from circles join may_host(circles.id, :person) as host on host.may_change
left join screenings on screenings.circle_id = circles.id
where circles.id = :circle_id;

-- name: save(circle_id, asks, questions, newcomers_most, newcomers_days, version)$
-- how a circle takes in people; no row when somebody saved it since that version
insert into screenings (circle_id, asks, questions, newcomers_most, newcomers_days)
values (:circle_id, :asks, :questions, :newcomers_most, :newcomers_days)
on conflict (circle_id) do update
set asks = excluded.asks, questions = excluded.questions, newcomers_most = excluded.newcomers_most,
    newcomers_days = excluded.newcomers_days, version = screenings.version + 1
where screenings.version = :version
returning version;

-- name: add_request(circle_id, person_id, gathering_id, kind)$
-- somebody asks to come; no row when they have an open request here already
insert into requests (circle_id, person_id, gathering_id, kind)
values (:circle_id, :person_id, :gathering_id, :kind)
on conflict do nothing
returning id;

-- name: add_answers(request_id, questions, answers)!
-- what was asked and what they answered
insert into request_answers (request_id, number, question, answer)
select :request_id, number, question, answer
from unnest(:questions::text [], :answers::text []) with ordinality as said (question, answer, number);

-- name: hosts_to_tell(circle_id)
-- the hosts whom a request is told
select people.id, people.email, people.name
from hosts join people on people.id = hosts.person_id
where hosts.circle_id = :circle_id and hosts.part in ('lead', 'co')
order by people.name;

-- name: mine(id, person)^
-- a request of this person, with all that was said
select
    requests.*, circles.name as circle_name, circles.discreet_name,
    gatherings.starts_at, gatherings.zone,
    coalesce(gatherings.state = 'open' and gatherings.starts_at > now(), false) as can_book,
    (
        select coalesce(jsonb_agg(to_jsonb(said) order by said.number), '[]')
        from request_answers as said where said.request_id = requests.id
    ) as said
from requests join circles on circles.id = requests.circle_id
left join gatherings on gatherings.id = requests.gathering_id
where requests.id = :id and requests.person_id = :person;

-- name: hosted_request(id, person)^
-- a request to a circle of this host, never one of their own, with all that was said
select
    requests.*, circles.name as circle_name, circles.discreet_name, circles.zone,
    people.name, people.pronouns,
    gatherings.starts_at, gatherings.zone as gathering_zone,
    (
        select coalesce(jsonb_agg(to_jsonb(said) order by said.number), '[]')
        from request_answers as said where said.request_id = requests.id
    ) as said
from requests join circles on circles.id = requests.circle_id
join people on people.id = requests.person_id
join may_host(requests.circle_id, :person) as host on host.may_change
left join gatherings on gatherings.id = requests.gathering_id
where requests.id = :id and requests.person_id <> :person;

-- name: hosted_requests(person, most)
-- the requests to the circles of a host, those that wait for an answer first
select
    requests.id, requests.state, requests.kind, requests.moved_at, requests.decided_at,
    circles.name as circle_name, circles.zone, people.name, people.pronouns
from requests
join may_host(requests.circle_id, :person) as host on host.may_change
join circles on circles.id = requests.circle_id
join people on people.id = requests.person_id
where requests.person_id <> :person and requests.state <> 'withdrawn' and requests.forgotten_at is null
order by requests.state = 'waiting' desc, requests.state = 'asked' desc,
    case when requests.state = 'waiting' then requests.moved_at end, requests.moved_at desc
limit :most;

-- name: lock_mine(id, person)^
-- lock a request for the person who made it
select requests.id, requests.circle_id, requests.state, circles.discreet_name
from requests join circles on circles.id = requests.circle_id
where requests.id = :id and requests.person_id = :person
for update of requests;

-- name: lock_hosted(id, person)^
-- lock a request for a host who may answer it, with whom to tell
select
    requests.id, requests.circle_id, requests.person_id, requests.state, circles.discreet_name,
    people.email, people.name,
    (select count(*) from request_answers where request_answers.request_id = requests.id) as asked
from requests join circles on circles.id = requests.circle_id
join people on people.id = requests.person_id
join may_host(requests.circle_id, :person) as host on host.may_change
where requests.id = :id and requests.person_id <> :person
for update of requests;

-- name: decide(id, state, words, by)!
-- a request is approved or declined
update requests set state = :state, words = :words, decided_at = now(), decided_by = :by, moved_at = now()
where id = :id;

-- name: ask_back(id, question)!
-- a host asks something more
with asked as (
    insert into request_answers (request_id, number, question)
    select :id, coalesce(max(number), 0) + 1, :question from request_answers where request_id = :id
)
update requests set state = 'asked', moved_at = now() where id = :id;

-- name: answer(id, answer)!
-- the person answers what was asked last
with answered as (
    update request_answers set answer = :answer
    where request_id = :id and number = (select max(number) from request_answers where request_id = :id)
)
update requests set state = 'waiting', moved_at = now() where id = :id;

-- name: withdraw(id)!
-- a request is taken back, and all that was said in it goes at once
with gone as (
    delete from request_answers where request_id = :id
)
update requests
set state = 'withdrawn', words = '', decided_at = now(), moved_at = now(), forgotten_at = now()
where id = :id;

-- name: to_end(days, most)
-- requests that nobody moved for so long, locked
select id, state from requests
where state in ('waiting', 'asked') and moved_at < now() - make_interval(days => :days)
order by id limit :most for update skip locked;

-- name: forget(days)
-- what was said in requests decided so long ago is deleted
with old as (
    update requests set words = '', forgotten_at = now()
    where forgotten_at is null and decided_at < now() - make_interval(days => :days)
    returning id, state
), gone as (
    delete from request_answers where request_id in (select id from old)
)
select id, state from old;

-- name: kept(circle_id, person)^
-- a circle for somebody who may see who is kept apart in it
select
    circles.id, circles.name, circles.zone,
    host.part is not null as is_host
from circles
join people as viewer on viewer.id = :person
left join may_host(circles.id, viewer.id) as host on true
where circles.id = :circle_id and (host.may_change or viewer.is_organizer);

-- name: pairs(circle_id, person)
-- who is kept apart in a circle, and when they sit together all the same; none that holds the reader
select
    apart.id, apart.created_at, first.name as first_name, second.name as second_name,
    (
        select min(gatherings.starts_at) from gatherings
        join bookings as one on one.gathering_id = gatherings.id and one.person_id = apart.first_id
            and one.state in ('held', 'confirmed')
        join bookings as other on other.gathering_id = gatherings.id and other.person_id = apart.second_id
            and other.state in ('held', 'confirmed')
        where gatherings.circle_id = apart.circle_id and gatherings.ends_at > now()
    ) as together_at
from apart
join people as first on first.id = apart.first_id
join people as second on second.id = apart.second_id
where apart.circle_id = :circle_id and :person not in (apart.first_id, apart.second_id)
order by apart.created_at desc;

-- name: known(circle_id, person)
-- whoever had a seat in a circle, or asked for one; without the reader
select people.id, people.name, people.pronouns
from people
where people.id <> :person and (
    exists (
        select from bookings join gatherings on gatherings.id = bookings.gathering_id
        where bookings.person_id = people.id and gatherings.circle_id = :circle_id
    )
    or exists (select from requests where requests.person_id = people.id and requests.circle_id = :circle_id)
)
order by lower(people.name), people.id;

-- name: keep_apart(circle_id, one, other, by)$
-- two people are not to be seated together; no row when that stands already
insert into apart (circle_id, first_id, second_id, set_by)
values (:circle_id, least(:one::uuid, :other::uuid), greatest(:one::uuid, :other::uuid), :by)
on conflict do nothing
returning id;

-- name: let_together(id, person)^
-- two people may be seated together again
delete from apart
where id = :id and :person not in (first_id, second_id) and (
    exists (select from may_host(apart.circle_id, :person) as host where host.may_change)
    or exists (select from people where people.id = :person and people.is_organizer)
)
returning id, circle_id;
