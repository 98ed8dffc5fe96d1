-- name: add_event(id, type, object_id)$
-- a webhook event; its id only when it is new
insert into stripe_events (id, type, object_id) values (:id, :type, :object_id)
on conflict (id) do nothing
returning id;

-- name: delete_old_events()!
-- Stripe repeats an event for three days at most; older ones are kept for a while as a record only
delete from stripe_events where received_at < now() - interval '90 days';
