-- name: new_guidelines()$
-- an empty set of guidelines, to hold versions
insert into guidelines default values returning id;

-- name: lock_guidelines(guidelines_id)$
-- one publisher at a time, so that version numbers have no gap
select id from guidelines where id = :guidelines_id for update;

-- name: add_version(guidelines_id, body, actor_id, material, why)$
-- the next version; no row when the newest has the same text
with newest as (
    select number, body from guidelines_versions
    where guidelines_id = :guidelines_id order by number desc limit 1
)
insert into guidelines_versions (guidelines_id, number, body, published_by, material, why)
select :guidelines_id, coalesce((select number from newest), 0) + 1, :body, :actor_id::uuid, :material, :why
where not exists (select from newest where newest.body = :body)
returning id;

-- name: current_version(guidelines_id)^
-- the newest published version
select id, guidelines_id, number, body, sha256, published_at, material, why
from guidelines_versions where guidelines_id = :guidelines_id order by number desc limit 1;

-- name: accept(actor_id, version_id)$
-- an acceptance of one version with the hash of its text; the first one is kept
insert into acceptances (person_id, version_id, sha256)
select :actor_id, id, sha256 from guidelines_versions where id = :version_id
on conflict (person_id, version_id) do update set accepted_at = acceptances.accepted_at
returning id;

-- name: hosted(circle_id, actor_id)^
-- the guidelines of a circle for somebody who may change it, with the draft, and how many have a seat ahead
select
    circles.id as circle_id, circles.name as circle_name, circles.state as circle_state, circles.format,
    circles.place, newest.number, newest.body, newest.published_at, guidelines_drafts.body as draft,
    coalesce(guidelines_drafts.revision, 0) as revision, guidelines_drafts.saved_at, people.name as saved_by, host.part,
    (
        select count(distinct bookings.person_id)
        from bookings join gatherings on gatherings.id = bookings.gathering_id
        where gatherings.circle_id = circles.id and gatherings.starts_at > now() and bookings.state = 'confirmed'
    ) as seated
from circles
join may_act_for(circles.id, :actor_id) as host on host.may_change
cross join lateral (
    select number, body, published_at from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as newest
left join guidelines_drafts on guidelines_drafts.guidelines_id = circles.guidelines_id
left join people on people.id = guidelines_drafts.saved_by
where circles.id = :circle_id;

-- name: lock_hosted(circle_id, actor_id)^
-- the guidelines of a circle, locked for somebody who may change it; their versions are read afterwards
select guidelines.id, host.part, host.why from guidelines join circles on circles.guidelines_id = guidelines.id
join may_act_for(circles.id, :actor_id) as host on host.may_change
where circles.id = :circle_id
for update of guidelines;

-- name: newest_and_draft(guidelines_id)^
-- the newest version and the draft, if there is one
select newest.number, newest.body, guidelines_drafts.body as draft, coalesce(guidelines_drafts.revision, 0) as revision
from (
    select guidelines_id, number, body from guidelines_versions
    where guidelines_id = :guidelines_id order by number desc limit 1
) as newest
left join guidelines_drafts on guidelines_drafts.guidelines_id = newest.guidelines_id;

-- name: save_draft(guidelines_id, body, actor_id)$
-- the draft, with its next revision
insert into guidelines_drafts (guidelines_id, body, saved_by) values (:guidelines_id, :body, :actor_id)
on conflict (guidelines_id) do update
set body = excluded.body, revision = guidelines_drafts.revision + 1, saved_at = now(), saved_by = excluded.saved_by
returning revision;

-- name: delete_draft(guidelines_id)$
-- the draft, published or discarded
delete from guidelines_drafts where guidelines_id = :guidelines_id returning revision;

-- name: history(circle_id, actor_id, number)
-- every version of the guidelines of a circle, the newest first; the chosen one (by default the newest) and the one
-- before it with their text. Those of a draft circle for its hosts only
select
    circles.id as circle_id, circles.name as circle_name, circles.state as circle_state, versions.number,
    versions.published_at, versions.material, versions.why, versions.number = chosen.number as is_chosen,
    case when versions.number in (chosen.number, chosen.number - 1) then versions.body end as body
from circles
join guidelines_versions as versions on versions.guidelines_id = circles.guidelines_id
cross join lateral (
    select coalesce(:number::int, max(number)) as number from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id
) as chosen
where circles.id = :circle_id and (
    circles.state <> 'draft'
    or exists (select from may_act_for(circles.id, :actor_id))
)
order by versions.number desc;

-- name: accepted(actor_id)
-- every version a person accepted
select
    versions.id, versions.number, versions.published_at, acceptances.accepted_at, acceptances.sha256,
    circles.name as circle_name, must_agree_to(acceptances.person_id, versions.guidelines_id) is not null as must_agree
from acceptances
join guidelines_versions as versions on versions.id = acceptances.version_id
join circles on circles.guidelines_id = versions.guidelines_id
where acceptances.person_id = :actor_id
order by circles.name_key, circles.id, versions.number desc;

-- name: accepted_one(actor_id, version_id)^
-- one version a person accepted, with its text
select
    versions.id, versions.number, versions.body, versions.published_at, acceptances.accepted_at, acceptances.sha256,
    circles.name as circle_name
from acceptances
join guidelines_versions as versions on versions.id = acceptances.version_id
join circles on circles.guidelines_id = versions.guidelines_id
where acceptances.person_id = :actor_id and acceptances.version_id = :version_id
limit 1;

-- name: delete_versions(guidelines_id)!
-- the versions of guidelines that nobody accepted
delete from guidelines_versions where guidelines_id = :guidelines_id;

-- name: delete_guidelines(guidelines_id)!
-- guidelines without versions and without a circle
delete from guidelines where id = :guidelines_id;
