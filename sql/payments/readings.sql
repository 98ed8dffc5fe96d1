-- name: read_until()$
-- up to when refunds and disputes at Stripe were listed
select until from stripe_readings where kind = 'refunds_and_disputes';

-- name: note_reading(until)!
-- refunds and disputes at Stripe were listed up to this moment
insert into stripe_readings (kind, until) values ('refunds_and_disputes', :until)
on conflict (kind) do update set until = greatest(stripe_readings.until, excluded.until);

-- name: known_refunds(ids)
-- the state in which each of these refunds was read last; a failed one is known by its id alone
select stripe_id, stripe_state from operations where stripe_id = any(:ids::text []);
