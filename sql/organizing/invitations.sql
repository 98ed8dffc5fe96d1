-- name: replace_open(email)!
-- an open invitation to the same address gives way to a new one
update facilitator_invitations set state = 'withdrawn', ended_at = now() where email = :email and state = 'open';

-- name: add(email, token_hash, actor_id)<!
-- invite somebody
insert into facilitator_invitations (email, token_hash, invited_by) values (:email, :token_hash, :actor_id) returning id;

-- name: open_invitations(after_at, after_id, limit)
-- one page of the invitations that nobody answered, the oldest first
select
    invitations.id, invitations.email, invitations.created_at, invitations.expires_at, invitations.expires_at <= now() as is_over,
    coalesce(people.name, '') as invited_by
from facilitator_invitations as invitations left join people on people.id = invitations.invited_by
where invitations.state = 'open'
    and (:after_id::uuid is null or (invitations.created_at, invitations.id) > (:after_at::timestamptz, :after_id::uuid))
order by invitations.created_at, invitations.id
limit :limit;

-- name: withdraw(id)$
-- an invitation that is open is withdrawn
update facilitator_invitations set state = 'withdrawn', ended_at = now() where id = :id and state = 'open' returning id;

-- name: of_token(token_hash)^
-- the invitation of a link
select
    invitations.*, invitations.expires_at <= now() as is_over, coalesce(people.name, '') as inviter_name,
    people.email as inviter_email
from facilitator_invitations as invitations left join people on people.id = invitations.invited_by
where invitations.token_hash = :token_hash;

-- name: lock(id)^
-- one invitation, locked so that it is answered once
select *, expires_at <= now() as is_over from facilitator_invitations where id = :id for update;

-- name: end_invitation(id, state, actor_id)!
-- an invitation was answered
update facilitator_invitations set state = :state, answered_by = :actor_id, ended_at = now() where id = :id;

-- name: grant_requests(person_id, actor_id)
-- what somebody asked for and has now
update role_requests set state = 'granted', decided_at = now(), decided_by = :actor_id
where person_id = :person_id and state = 'open'
returning id;

-- name: forget_old()!
-- invitations a month after their end: they hold addresses of people who may have no account
delete from facilitator_invitations where coalesce(ended_at, expires_at) < now() - interval '30 days';
