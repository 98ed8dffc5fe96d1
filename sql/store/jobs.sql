-- name: delete_old_log()!
-- log rows of jobs that ended two weeks ago; those of a job that is kept say why it was given up
delete from pgqueuer_log
where created < now() - interval '14 days'
    and not exists (select from pgqueuer where pgqueuer.id = pgqueuer_log.job_id);

-- name: queue_state()^
-- how many jobs failed for good, and how long the oldest due job has waited (seconds)
select
    count(*) filter (where status = 'failed') as failed,
    coalesce(extract(epoch from now() - min(execute_after) filter (
        where status = 'queued' and execute_after <= now()
    )), 0)::float8 as oldest_wait
from pgqueuer;
