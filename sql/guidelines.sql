-- name: new_guidelines()$
-- an empty set of guidelines, to hold versions
insert into guidelines default values returning id;

-- name: lock_guidelines(guidelines_id)$
-- one publisher at a time, so that version numbers follow each other
select id from guidelines where id = :guidelines_id for update;

-- name: add_version(guidelines_id, body, by)$
-- the next version, unless the newest says the same already; answers nothing then
with newest as (
    select number, body from guidelines_versions
    where guidelines_id = :guidelines_id order by number desc limit 1
)
insert into guidelines_versions (guidelines_id, number, body, published_by)
select :guidelines_id, coalesce((select number from newest), 0) + 1, :body, :by::uuid
where not exists (select from newest where newest.body = :body)
returning id;

-- name: current_version(guidelines_id)^
-- the newest published version
select id, guidelines_id, number, body, sha256, published_at
from guidelines_versions where guidelines_id = :guidelines_id order by number desc limit 1;

-- name: accept(person_id, version_id)$
-- an acceptance of one version with the hash of its words; the first one stands when it comes again
insert into acceptances (person_id, version_id, sha256)
select :person_id, id, sha256 from guidelines_versions where id = :version_id
on conflict (person_id, version_id) do update set accepted_at = acceptances.accepted_at
returning id;
