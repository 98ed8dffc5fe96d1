-- name: add(batch, emails, circle_id, actor_id)$
-- invitations of a list of addresses, each once; how many there are. One that was invited and not withdrawn in the last
-- fortnight is left out
with added as (
    insert into account_invitations (batch, email, circle_id, invited_by)
    select :batch, given.email, :circle_id, :actor_id
    from unnest(:emails::text []) as given (email)
    where not exists (
        select from account_invitations as earlier
        where earlier.email = given.email and earlier.state in ('waiting', 'sent')
            and earlier.created_at > now() - interval '14 days'
    )
    on conflict do nothing
    returning id
)
select count(*) from added;

-- name: to_send(most)
-- the next invitations that wait, locked, with what their mail says; has_account decides the words of the mail alone
select
    invitations.id, invitations.email, invitations.circle_id, circles.discreet_name, circles.state as circle_state,
    people.id as person_id, people.id is not null as has_account,
    exists (select from unwanted_mail where address_hash = sha256(convert_to(invitations.email, 'UTF8'))) as unwanted
from account_invitations as invitations
left join circles on circles.id = invitations.circle_id
left join people on people.email = invitations.email
where invitations.state = 'waiting'
order by invitations.created_at, invitations.id limit :most
for update of invitations skip locked;

-- name: set_states(ids, states)!
-- what became of invitations
update account_invitations set state = became.state, ended_at = now()
from unnest(:ids::uuid [], :states::text []) as became (id, state)
where account_invitations.id = became.id and account_invitations.state = 'waiting';

-- name: how_many_wait()$
-- how many invitations wait
select count(*) from account_invitations where state = 'waiting';

-- name: batches(most)
-- the newest lists of invitations, with how many of each were sent, wait, and were withdrawn. An address that wants no such mail
-- counts as sent, so that nobody learns which it is
select
    invitations.batch, min(invitations.created_at) as created_at, max(circles.name) as circle_name,
    coalesce(max(people.name), 'Somebody who left') as by_name, count(*) as total,
    count(*) filter (where invitations.state in ('sent', 'unwanted')) as sent,
    count(*) filter (where invitations.state = 'waiting') as waiting,
    count(*) filter (where invitations.state = 'withdrawn') as withdrawn
from account_invitations as invitations
left join circles on circles.id = invitations.circle_id
left join people on people.id = invitations.invited_by
group by invitations.batch
order by min(invitations.created_at) desc, invitations.batch limit :most;

-- name: of_batch(batch, after, most)
-- the invitations of a list, by address
select id, email, case state when 'unwanted' then 'sent' else state end as state, created_at, ended_at
from account_invitations
where batch = :batch and email > :after
order by email limit :most;

-- name: withdraw(batch, id)$
-- withdraw an invitation, or all of a list (no id); how many were
with withdrawn as (
    update account_invitations set state = 'withdrawn', ended_at = now()
    where batch = :batch and (:id::uuid is null or id = :id) and state <> 'withdrawn'
    returning id
)
select count(*) from withdrawn;

-- name: invitation(id)^
-- an invitation as its page shows it; no row for one that was withdrawn or forgotten
select
    invitations.id, invitations.email, circles.id as circle_id, circles.name as circle_name, circles.state as circle_state
from account_invitations as invitations
left join circles on circles.id = invitations.circle_id and circles.state = 'published'
where invitations.id = :id and invitations.state = 'sent';

-- name: refuse_mail(id)$
-- the address of an invitation wants no such mail; what waits for it is not sent
with address as (
    select email from account_invitations where id = :id
), kept as (
    insert into unwanted_mail (address_hash) select sha256(convert_to(email, 'UTF8')) from address
    on conflict do nothing
)
select email from address;

-- name: forget()!
-- invitations of 60 days ago
delete from account_invitations where created_at < now() - interval '60 days';

-- name: circles()
-- the circles that may be named in an invitation
select id, name from circles where state = 'published' order by name_key, id;
