-- name: own_account(person_id)^
-- the account that somebody connects, or else the one they disconnected last and may connect again
select * from connect_accounts
where person_id = :person_id and (ended_at is null or (ended_because = 'by_person' and stripe_id is not null))
order by ended_at is not null, created_at desc limit 1;

-- name: add_account(id, person_id, request)^
-- an account that will be created at Stripe, with the parameters and the key of that call; nothing where the person has one
insert into connect_accounts (id, person_id, request, idempotency_key)
values (:id, :person_id, :request::jsonb, 'circles-account-' || :id::uuid)
on conflict (person_id) where ended_at is null do nothing
returning *;

-- name: connect_again(id)^
-- an account that its person had disconnected is theirs again
update connect_accounts set ended_at = null, ended_because = '' where id = :id and ended_because = 'by_person' returning *;

-- name: account_created(id, stripe_id)$
-- the account at Stripe that a call created; no row where another is stored already
update connect_accounts set stripe_id = :stripe_id
where id = :id and (stripe_id is null or stripe_id = :stripe_id)
returning id;

-- name: note_call(id)!
-- the call that creates an account is made now
update connect_accounts set called_at = now() where id = :id;

-- name: accounts_to_create(most)
-- accounts whose creation was asked for a minute ago and never confirmed
select * from connect_accounts
where stripe_id is null and ended_at is null and called_at < now() - interval '1 minute'
order by called_at limit :most;

-- name: account_by_stripe_id(stripe_id)^
-- the account that Stripe knows by this id, locked, with whose it is
select connect_accounts.*, people.email, people.name
from connect_accounts join people on people.id = connect_accounts.person_id
where connect_accounts.stripe_id = :stripe_id
for no key update of connect_accounts;

-- name: save_account(id, country, currency, charges, payouts, details, transfers, due, disabled_reason)^
-- an account as it is at Stripe now. restricted_at is set where one that got payments gets none any more
update connect_accounts set
    country = :country, currency = :currency, charges_enabled = :charges, payouts_enabled = :payouts,
    details_submitted = :details, transfers = :transfers, due = :due::text [], disabled_reason = :disabled_reason,
    read_at = now(),
    active_at = case
        when :payouts::boolean and :details::boolean and :transfers::text = 'active' then coalesce(active_at, now()) else active_at
    end,
    restricted_at = case
        when :payouts::boolean and :details::boolean and :transfers::text = 'active' then null
        when is_active then now() else restricted_at
    end
where id = :id
returning *;

-- name: end_account(id, because)$
-- an account gets no more payments
update connect_accounts set ended_at = now(), ended_because = :because where id = :id and ended_at is null returning person_id;

-- name: accounts_to_read(most)
-- accounts to be read again: one that is not ready within the hour, one that is within half a day. The next reading is put off
update connect_accounts set read_at = now()
where id in (
    select id from connect_accounts
    where ended_at is null and stripe_id is not null
        and read_at < now() - case when is_active then interval '12 hours' else interval '1 hour' end
    order by read_at limit :most
    for update skip locked
)
returning stripe_id;

-- name: all_accounts(after, most)
-- the accounts that facilitators connected, those that get no payments first
select connect_accounts.*, people.name as person_name
from connect_accounts join people on people.id = connect_accounts.person_id
where connect_accounts.ended_at is null and connect_accounts.id > :after::uuid
order by connect_accounts.id limit :most;

-- name: account_of_person(person_id)^
-- the account that somebody has connected
select * from connect_accounts where person_id = :person_id and ended_at is null;
