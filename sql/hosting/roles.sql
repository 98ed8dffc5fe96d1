-- name: hosted_ids(person_id)
-- the circles that somebody leads or co-facilitates and that have not ended
select circles.id
from hosts join circles on circles.id = hosts.circle_id
where hosts.person_id = :person_id and hosts.part in ('lead', 'co') and circles.state <> 'archived'
order by circles.id;

-- name: stand_ins_ahead(person_id)
-- the gatherings ahead that somebody hosts as their stand-in
select
    gatherings.id as gathering_id, circles.name as circle_name, circles.discreet_name, gatherings.starts_at,
    gatherings.zone
from stand_ins
join gatherings on gatherings.id = stand_ins.gathering_id
join circles on circles.id = gatherings.circle_id
where stand_ins.person_id = :person_id and gatherings.state = 'open' and gatherings.ends_at > now()
order by gatherings.starts_at, gatherings.id;

-- name: count_organizers()$
-- how many organizers there are
select count(*) from people where is_organizer;

-- name: lock_gatherings(ids, ending)!
-- gatherings whose stand-in changes, and those that are not over of circles that end, locked in the order of their ids
select id from gatherings
where id = any(:ids::uuid []) or (circle_id = any(:ending::uuid []) and ends_at > now())
order by id for update;

-- name: add_request(person_id, invitation_id)$
-- somebody asks for the facilitator's role; no row when they wait for an answer already
insert into role_requests (person_id, invitation_id) values (:person_id, :invitation_id)
on conflict (person_id) where state = 'open' do nothing
returning id;

-- name: open_request(person_id)^
-- the request that somebody waits for an answer to
select id, created_at from role_requests where person_id = :person_id and state = 'open';

-- name: open_requests()
-- who asks for the facilitator's role, and what they are invited to, the oldest first
select
    requests.id, requests.created_at, people.id as person_id, people.name, people.pronouns, people.email,
    coalesce(circles.name, '') as circle_name, coalesce(inviters.name, '') as inviter_name,
    coalesce(invitations.part, '') as part
from role_requests as requests
join people on people.id = requests.person_id
left join host_invitations as invitations on invitations.id = requests.invitation_id
left join circles on circles.id = invitations.circle_id
left join people as inviters on inviters.id = invitations.invited_by
where requests.state = 'open'
order by requests.created_at, requests.id;

-- name: lock_request(id)^
-- a request with its person, locked
select requests.id, requests.state, requests.person_id, people.name, people.email
from role_requests as requests join people on people.id = requests.person_id
where requests.id = :id
for update of requests;

-- name: decline(id, actor_id)!
-- a request is declined
update role_requests set state = 'declined', decided_at = now(), decided_by = :actor_id where id = :id;

-- name: grant_requests(person_id, actor_id)
-- the request of somebody who has the role now; the invitation it is about can be answered for two weeks more
with granted as (
    update role_requests set state = 'granted', decided_at = now(), decided_by = :actor_id
    where person_id = :person_id and state = 'open'
    returning id, invitation_id
), extended as (
    update host_invitations set expires_at = greatest(expires_at, now() + interval '14 days')
    where id in (select invitation_id from granted) and state = 'open'
    returning id
)

select granted.id, extended.id as invitation_id from granted left join extended on extended.id = granted.invitation_id;

-- name: forget_old_requests()!
-- requests that were decided a month ago
delete from role_requests where decided_at < now() - interval '30 days';

-- name: helped_circles(person_id)
-- the circles in which somebody helps without a role
select hosts.circle_id from hosts where hosts.person_id = :person_id and hosts.part = 'helper' order by hosts.circle_id;

-- name: delete_host(circle_id, person_id)!
-- somebody is no host of a circle any more
delete from hosts where circle_id = :circle_id and person_id = :person_id;
