-- name: write_request(operation_id, request)^
-- store the parameters of a call before it is made; a second call repeats those of the first
update operations set request = coalesce(request, :request::jsonb), called_at = now()
where id = :operation_id
returning id, booking_id, request, idempotency_key;

-- name: note_fault(operation_id, fault)!
-- what went wrong with a call that may still have happened
update operations set fault = :fault where id = :operation_id and state = 'due';

-- name: operation_done(id, stripe_id)!
-- the call went through
update operations set state = 'done', stripe_id = :stripe_id, done_at = now(), fault = '', again_at = null
where id = :id and state <> 'done';

-- name: operation_failed(id, fault)!
-- the call was refused for good
update operations set state = 'failed', fault = :fault, tries = tries + 1, again_at = null
where id = :id and state = 'due';
