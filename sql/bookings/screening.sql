-- name: hosted_circle(circle_id, actor_id)^
-- a circle for one of the hosts who may change it, with its screening
select
    circles.id, circles.name, circles.discreet_name, circles.zone,
    coalesce(screenings.asks, 'off') as asks, coalesce(screenings.questions, '{}') as questions,
    coalesce(screenings.version, 0) as version, screenings.newcomers_most, screenings.newcomers_days
from circles join may_host(circles.id, :actor_id) as host on host.may_change
left join screenings on screenings.circle_id = circles.id
where circles.id = :circle_id;

-- name: save_screening(circle_id, asks, questions, newcomers_most, newcomers_days, version)$
-- save a circle's screening; no row when somebody saved it since that version
insert into screenings (circle_id, asks, questions, newcomers_most, newcomers_days)
values (:circle_id, :asks, :questions, :newcomers_most, :newcomers_days)
on conflict (circle_id) do update
set asks = excluded.asks, questions = excluded.questions, newcomers_most = excluded.newcomers_most,
    newcomers_days = excluded.newcomers_days, version = screenings.version + 1
where screenings.version = :version
returning version;

-- name: add_request(circle_id, actor_id, gathering_id, kind)$
-- a new request; no row when the person has an open one here already
insert into requests (circle_id, person_id, gathering_id, kind)
values (:circle_id, :actor_id, :gathering_id, :kind)
on conflict do nothing
returning id;

-- name: add_answers(request_id, questions, answers)!
-- the questions and answers of a new request
insert into request_answers (request_id, number, question, answer)
select :request_id, number, question, answer
from unnest(:questions::text [], :answers::text []) with ordinality as qa (question, answer, number);

-- name: hosts_to_notify(request_id)
-- the hosts who are notified of a request; nobody learns by it that they are kept apart from its person
select people.id, people.email, people.name
from requests
join hosts on hosts.circle_id = requests.circle_id and hosts.part in ('lead', 'co')
join people on people.id = hosts.person_id
join may_host(requests.circle_id, people.id) as host on host.may_change
where requests.id = :request_id
    and not (requests.kind = 'seat' and are_apart(requests.circle_id, requests.person_id, people.id))
order by people.name_key;

-- name: own_request(id, actor_id)^
-- a request of this person, with its questions and answers
select
    requests.*, circles.name as circle_name, circles.discreet_name,
    gatherings.starts_at, gatherings.zone,
    coalesce(gatherings.state = 'open' and gatherings.starts_at > now(), false) as can_book,
    (
        select coalesce(jsonb_agg(to_jsonb(request_answers) order by request_answers.number), '[]')
        from request_answers where request_answers.request_id = requests.id
    ) as answers
from requests join circles on circles.id = requests.circle_id
left join gatherings on gatherings.id = requests.gathering_id
where requests.id = :id and requests.person_id = :actor_id;

-- name: hosted_request(id, actor_id)^
-- a request to a circle of this host, never one of their own, with its questions and answers
select
    requests.*, circles.name as circle_name, circles.discreet_name, circles.zone,
    people.name, people.pronouns,
    gatherings.starts_at, gatherings.zone as gathering_zone,
    (
        select coalesce(jsonb_agg(to_jsonb(request_answers) order by request_answers.number), '[]')
        from request_answers where request_answers.request_id = requests.id
    ) as answers
from requests join circles on circles.id = requests.circle_id
join people on people.id = requests.person_id
join may_host(requests.circle_id, :actor_id) as host on host.may_change
left join gatherings on gatherings.id = requests.gathering_id
where requests.id = :id and requests.person_id <> :actor_id
    and not (requests.kind = 'seat' and are_apart(requests.circle_id, requests.person_id, :actor_id));

-- name: lock_gathering_of(id)$
-- lock the gathering of a request, so that of two who are kept apart one is approved at a time
select gatherings.id from gatherings
where gatherings.id = (select gathering_id from requests where requests.id = :id)
for no key update;

-- name: kept_from(id)
-- those the person of a request for a seat is kept apart from who have a seat at that gathering or the hosts' yes to one
select people.name
from requests
join apart on apart.circle_id = requests.circle_id and requests.person_id in (apart.first_id, apart.second_id)
join people on people.id in (apart.first_id, apart.second_id) and people.id <> requests.person_id
where requests.id = :id and requests.kind = 'seat' and (
    exists (
        select from bookings
        where bookings.gathering_id = requests.gathering_id and bookings.person_id = people.id
            and bookings.state in ('held', 'confirmed')
    )
    or exists (
        select from requests as others
        where others.gathering_id = requests.gathering_id and others.person_id = people.id
            and others.kind = 'seat' and others.state = 'approved'
    )
)
order by people.name_key, people.id;

-- name: hosted_requests(actor_id, most)
-- the requests to the circles of a host, those that wait for an answer first
select
    requests.id, requests.state, requests.kind, requests.moved_at, requests.decided_at,
    circles.name as circle_name, circles.zone, requests.person_id, people.name, people.pronouns, people.email,
    people.created_at
from requests
join may_host(requests.circle_id, :actor_id) as host on host.may_change
join circles on circles.id = requests.circle_id
join people on people.id = requests.person_id
where requests.person_id <> :actor_id and requests.state <> 'withdrawn' and requests.forgotten_at is null
    and not (requests.kind = 'seat' and are_apart(requests.circle_id, requests.person_id, :actor_id))
order by requests.state = 'waiting' desc, requests.state = 'asked' desc,
    case when requests.state = 'waiting' then requests.moved_at end, requests.moved_at desc
limit :most;

-- name: lock_own_request(id, actor_id)^
-- lock a request for the person who made it
select requests.id, requests.circle_id, requests.state, circles.discreet_name
from requests join circles on circles.id = requests.circle_id
where requests.id = :id and requests.person_id = :actor_id
for update of requests;

-- name: lock_hosted_request(id, actor_id)^
-- lock a request for a host who may answer it, with the person to notify
select
    requests.id, requests.circle_id, requests.person_id, requests.kind, requests.state, circles.discreet_name,
    people.email, people.name,
    (select count(*) from request_answers where request_answers.request_id = requests.id) as asked
from requests join circles on circles.id = requests.circle_id
join people on people.id = requests.person_id
join may_host(requests.circle_id, :actor_id) as host on host.may_change
where requests.id = :id and requests.person_id <> :actor_id
    and not (requests.kind = 'seat' and are_apart(requests.circle_id, requests.person_id, :actor_id))
for update of requests;

-- name: lock_request(id)^
-- lock a request, with the person to notify
select
    requests.id, requests.circle_id, requests.person_id, requests.kind, requests.state, circles.discreet_name,
    people.email, people.name
from requests join circles on circles.id = requests.circle_id
join people on people.id = requests.person_id
where requests.id = :id
for update of requests;

-- name: decide(id, state, words, actor_id)!
-- a request is approved or declined
update requests set state = :state, words = :words, decided_at = now(), decided_by = :actor_id, moved_at = now()
where id = :id;

-- name: ask_back(id, question)!
-- a host asks one question more
with asked as (
    insert into request_answers (request_id, number, question)
    select :id, coalesce(max(number), 0) + 1, :question from request_answers where request_id = :id
)
update requests set state = 'asked', moved_at = now() where id = :id;

-- name: answer(id, answer)!
-- the person answers the last question
with answered as (
    update request_answers set answer = :answer
    where request_id = :id and number = (select max(number) from request_answers where request_id = :id)
)
update requests set state = 'waiting', moved_at = now() where id = :id;

-- name: withdraw(id)!
-- a request is taken back, and all that was written in it is deleted at once
with deleted as (
    delete from request_answers where request_id = :id
)
update requests
set state = 'withdrawn', words = '', decided_at = now(), moved_at = now(), forgotten_at = now()
where id = :id;

-- name: stale_requests(days, most)
-- requests that nobody moved for so long, locked, with the person to notify
select requests.id, requests.state, requests.person_id, people.email, people.name, circles.discreet_name
from requests
join people on people.id = requests.person_id
join circles on circles.id = requests.circle_id
where requests.state in ('waiting', 'asked') and requests.moved_at < now() - make_interval(days => :days)
order by requests.id limit :most for update of requests skip locked;

-- name: forget_requests(days)
-- delete what was written in requests decided so long ago
with old as (
    update requests set words = '', forgotten_at = now()
    where forgotten_at is null and decided_at < now() - make_interval(days => :days)
    returning id, state
), deleted as (
    delete from request_answers where request_id in (select id from old)
)
select id, state from old;

-- name: was_told(id)$
-- whether the person of a request was told that it is closed
select exists (select from events where about = :id and what = 'request.told');

-- name: open_for_seat(gathering_id)
-- the requests for a seat at a gathering that still count, locked, and whether their person has that seat already
select
    id, state,
    exists (
        select from bookings
        where bookings.gathering_id = requests.gathering_id and bookings.person_id = requests.person_id
            and bookings.state in ('held', 'confirmed')
    ) as has_seat
from requests
where gathering_id = :gathering_id and kind = 'seat' and state in ('waiting', 'asked', 'approved')
order by id for update;

-- name: open_of_person(person_id)
-- the requests of somebody that wait for an answer, locked: their account is suspended, and a mail says so
select id, state, true as has_seat from requests
where person_id = :person_id and state in ('waiting', 'asked')
order by id for update;

-- name: open_of_circle(circle_id)
-- the requests to a circle that wait for an answer, locked: it has ended
select id, state, false as has_seat from requests
where circle_id = :circle_id and state in ('waiting', 'asked')
order by id for update;
