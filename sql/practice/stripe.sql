-- name: clock()$
-- seconds since 1970 on the clock of the database
select extract(epoch from now())::bigint;

-- name: add(id, kind, body)!
-- a new object of the look-alike
insert into practice_objects (id, kind, body) values (:id, :kind, :body::jsonb);

-- name: lock(id, kind)$
-- an object, locked
select body from practice_objects where id = :id and kind = :kind for update;

-- name: save(id, body)!
-- replace an object
update practice_objects set body = :body::jsonb where id = :id;

-- name: one(id, kind)$
-- an object
select body from practice_objects where id = :id and kind = :kind;

-- name: by_metadata(kind, metadata, most)
-- objects that carry this metadata, newest first
select body from practice_objects
where kind = :kind and body -> 'metadata' @> :metadata::jsonb
order by created_at desc limit :most;

-- name: page_of(kind, payment_intent, charge, since, before, payout, matching, after, most)
-- objects of a kind, newest first, that follow the one with the id `after`
select body from practice_objects
where kind = :kind
    and (:payment_intent::text = '' or body ->> 'payment_intent' = :payment_intent)
    and (:charge::text = '' or body ->> 'charge' = :charge)
    and (body ->> 'created')::bigint >= :since and (body ->> 'created')::bigint < :before
    and (:payout::text = '' or payout = :payout)
    and (:matching::jsonb = '{}' or body @> :matching)
    and (
        :after::text = ''
        or (created_at, id) < (select last.created_at, last.id from practice_objects as last where last.id = :after)
    )
order by created_at desc, id desc limit :most;

-- name: by_ids(ids)
-- objects by their ids, of any kind
select id, body from practice_objects where id = any(:ids::text []);

-- name: refunded(payment_intent)$
-- the sum of the refunds of a payment that are on their way or arrived
select coalesce(sum((body ->> 'amount')::bigint), 0)::bigint from practice_objects
where kind = 'refund' and body ->> 'payment_intent' = :payment_intent
    and body ->> 'status' not in ('failed', 'canceled');

-- name: newest(kind, most)
-- the newest objects of a kind
select body from practice_objects where kind = :kind order by created_at desc, id limit :most;

-- name: claim_key(key, request_sha256)$
-- claim an idempotency key, once; other calls with it wait until the first is answered
insert into practice_keys (key, request_sha256, status, answer) values (:key, :request_sha256, 0, '{}')
on conflict (key) do nothing
returning key;

-- name: answer_of(key)^
-- the answer stored for a key
select request_sha256, status, answer from practice_keys where key = :key;

-- name: keep_answer(key, status, answer)!
-- store the answer for a key
update practice_keys set status = :status, answer = :answer::jsonb where key = :key;

-- name: delete_old_keys()!
-- Stripe forgets keys after a day
delete from practice_keys where created_at < now() - interval '24 hours';

-- name: plan_fault(target, fault, times, seconds, after_effect)!
-- a fault to make, so many times
insert into practice_faults (target, fault, times, seconds, after_effect)
values (:target, :fault, :times, :seconds, :after_effect);

-- name: take_fault(targets)^
-- use up the oldest fault that is planned for one of these targets
update practice_faults set times = times - 1
where id = (
    select id from practice_faults where target = any(:targets::text []) and times > 0
    order by id limit 1 for update skip locked
)
returning fault, seconds, after_effect;

-- name: hold_event(id)!
-- keep the webhook of an event back until the next one was sent
insert into practice_objects (id, kind, body) values ('held_' || :id, 'held', to_jsonb(:id::text));

-- name: release_events()
-- the events whose webhooks were kept back, oldest first; each once
with held as (
    delete from practice_objects where kind = 'held' returning body #>> '{}' as event_id, created_at
)
select event_id from held order by created_at;

-- name: transfers_of_group(group)
-- the transfers of a group, newest first
select body from practice_objects
where kind = 'transfer' and body ->> 'transfer_group' = :group
order by created_at desc, id desc;

-- name: reversals_of(transfer)
-- the reversals of a transfer, newest first
select body from practice_objects
where kind = 'reversal' and body ->> 'transfer' = :transfer
order by created_at desc, id desc;

-- name: remove(id)!
-- remove an object
delete from practice_objects where id = :id;
