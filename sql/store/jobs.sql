-- name: delete_old_log()!
-- log rows of jobs that finished two weeks ago
delete from pgqueuer_log where created < now() - interval '14 days';

-- name: queue_state()^
-- how many jobs failed for good, and how long the oldest due job has waited (seconds)
select
    count(*) filter (where status = 'failed') as failed,
    coalesce(extract(epoch from now() - min(execute_after) filter (
        where status = 'queued' and execute_after <= now()
    )), 0)::float8 as oldest_wait
from pgqueuer;

-- name: count_due(names)$
-- how many jobs of these names are due or running
select count(*) from pgqueuer
where entrypoint = any(:names::text[])
    and (status = 'picked' or (status = 'queued' and execute_after <= now()));
