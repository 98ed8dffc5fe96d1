-- name: add(kept_id, gone_id, actor_id, why, kept_token_hash, gone_token_hash)$
-- ask both addresses; no row while they are asked already
insert into merges (kept_id, gone_id, asked_by, why, kept_token_hash, gone_token_hash)
values (:kept_id, :gone_id, :actor_id, :why, :kept_token_hash, :gone_token_hash)
on conflict do nothing
returning id;

-- name: of_person(person_id)^
-- the open request to join an account with another one
select
    merges.*, kept.name as kept_name, kept.email as kept_email, gone.name as gone_name, gone.email as gone_email,
    coalesce(askers.name, '') as asked_by_name
from merges
join people as kept on kept.id = merges.kept_id
join people as gone on gone.id = merges.gone_id
left join people as askers on askers.id = merges.asked_by
where :person_id in (merges.kept_id, merges.gone_id) and merges.state = 'open' and merges.expires_at > now()
order by merges.asked_at desc
limit 1;

-- name: of_token(token_hash)^
-- the request that a link belongs to, with the account whose link it is
select
    merges.*, merges.expires_at <= now() as is_over, merges.kept_token_hash = :token_hash as is_kept,
    own.email as own_email, own.name as own_name,
    (select count(*) from bookings where bookings.person_id = own.id) as bookings,
    (select count(*) from hosts where hosts.person_id = own.id) as circles
from merges
join people as own on own.id = case when merges.kept_token_hash = :token_hash then merges.kept_id else merges.gone_id end
where :token_hash in (merges.kept_token_hash, merges.gone_token_hash);

-- name: lock(id)^
-- one request, locked
select *, expires_at <= now() as is_over from merges where id = :id for update;

-- name: note_agreed(id, is_kept)!
-- the person of one of both addresses agreed
update merges set
    kept_agreed_at = case when :is_kept::boolean then coalesce(kept_agreed_at, now()) else kept_agreed_at end,
    gone_agreed_at = case when :is_kept::boolean then gone_agreed_at else coalesce(gone_agreed_at, now()) end
where id = :id and state = 'open';

-- name: end_merge(id, state, actor_id)!
-- a request ends
update merges set state = :state, ended_by = :actor_id, ended_at = now() where id = :id and state = 'open';

-- name: standing(kept_id, gone_id)^
-- what decides whether two accounts can be joined
select
    kept.name as kept_name, gone.name as gone_name, kept.email as kept_email, gone.email as gone_email,
    kept.suspended_at is not null or gone.suspended_at is not null or exists (
        select from suspensions where suspensions.person_id in (:kept_id, :gone_id) and suspensions.state in ('asked', 'active')
    ) as is_suspended,
    kept.merged_into is not null or gone.merged_into is not null as is_merged,
    kept.email like '%@gone.invalid' or gone.email like '%@gone.invalid' as is_erased,
    exists (
        select from apart where (apart.first_id, apart.second_id) in ((:kept_id, :gone_id), (:gone_id, :kept_id))
    ) as are_apart,
    exists (
        select from disputes join paid_items on paid_items.id = coalesce(disputes.booking_id, disputes.pass_id)
        where paid_items.person_id in (:kept_id, :gone_id) and disputes.closed_at is null
    ) as has_dispute,
    (select count(*) from listings where listings.person_id in (:kept_id, :gone_id)) > 1 as has_two_listings,
    exists (
        select from bookings as mine join bookings as theirs on theirs.gathering_id = mine.gathering_id
        join gatherings on gatherings.id = mine.gathering_id
        where mine.person_id = :kept_id and theirs.person_id = :gone_id and mine.state in ('held', 'confirmed')
            and theirs.state in ('held', 'confirmed') and 'held' in (mine.state, theirs.state) and gatherings.ends_at > now()
    ) or exists (
        select from passes as mine join passes as theirs on theirs.circle_id = mine.circle_id
        where mine.person_id = :kept_id and theirs.person_id = :gone_id and mine.state = 'held' and theirs.state = 'held'
    ) as pays_twice
from people as kept cross join people as gone
where kept.id = :kept_id and gone.id = :gone_id;

-- name: counts(person_id)^
-- what an account brings, for the preview
select
    (select count(*) from bookings where bookings.person_id = :person_id) as bookings,
    (select count(*) from waits where waits.person_id = :person_id and waits.state in ('waiting', 'offered')) as waits,
    (select count(*) from hosts where hosts.person_id = :person_id) as circles;

-- name: both_booked(kept_id, gone_id)
-- the gatherings ahead at which both accounts have a seat: the seat of the account that goes, which is let go
select theirs.id, theirs.gathering_id, gatherings.starts_at, gatherings.zone, circles.name as circle_name
from bookings as mine
join bookings as theirs on theirs.gathering_id = mine.gathering_id and theirs.person_id = :gone_id and theirs.state = 'confirmed'
join gatherings on gatherings.id = mine.gathering_id
join circles on circles.id = gatherings.circle_id
where mine.person_id = :kept_id and mine.state = 'confirmed' and gatherings.starts_at > now()
order by gatherings.starts_at, theirs.id;

-- name: gatherings_of(kept_id, gone_id)
-- the gatherings at which one of both has a seat or waits, as far as merging changes something there
select distinct gathering_id from (
    select bookings.gathering_id from bookings where bookings.person_id in (:kept_id, :gone_id) and bookings.state in ('held', 'confirmed')
    union all
    select waits.gathering_id from waits where waits.person_id in (:kept_id, :gone_id) and waits.state in ('waiting', 'offered')
) as theirs
order by gathering_id;

-- name: lock_gatherings(ids)!
-- gatherings, locked in the order of their ids
select id from gatherings where id = any(:ids::uuid []) order by id for no key update;

-- name: lock_circles_of(kept_id, gone_id)!
-- the circles that one of both hosts, locked before gatherings as everywhere
select circles.id from circles
where circles.id in (select hosts.circle_id from hosts where hosts.person_id in (:kept_id, :gone_id))
order by circles.id for update;

-- name: lock_bookings_of(kept_id, gone_id)!
-- every booking of both, locked before the people: a payment that comes late locks its booking first
select id from bookings where person_id in (:kept_id, :gone_id) order by id for no key update;

-- name: lock_two(kept_id, gone_id)
-- two people, locked in the order of their ids
select id from people where id in (:kept_id, :gone_id) order by id for update;

-- name: merge(kept_id, gone_id)$
-- give everything of one account to another
select merge_people(:kept_id, :gone_id)::text;

-- name: expire()
-- requests that nobody answered in time
update merges set state = 'expired', ended_at = now() where state = 'open' and expires_at <= now()
returning id, kept_id, gone_id;

-- name: forget_old()!
-- requests that ended a month ago, but for those that were carried out
delete from merges where state not in ('open', 'done') and ended_at < now() - interval '30 days';

-- name: hosted_by(person_id)
-- the circles that somebody hosts, as members see it
select hosts.circle_id from hosts where hosts.person_id = :person_id and hosts.part <> 'helper' order by hosts.circle_id;
