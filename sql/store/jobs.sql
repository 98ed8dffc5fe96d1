-- name: forget_old_log()!
-- the queue keeps its log of finished jobs for two weeks
delete from pgqueuer_log where created < now() - interval '14 days';

-- name: queue_state()^
-- how the queue is: jobs given up on, and how long the oldest due job has waited (seconds)
select
    count(*) filter (where status = 'failed') as failed,
    coalesce(extract(epoch from now() - min(execute_after) filter (
        where status = 'queued' and execute_after <= now()
    )), 0)::float8 as oldest_wait
from pgqueuer;

-- name: work_left(names)$
-- how many jobs of these kinds are due or under way
select count(*) from pgqueuer
where entrypoint = any(:names::text[])
    and (status = 'picked' or (status = 'queued' and execute_after <= now()));
