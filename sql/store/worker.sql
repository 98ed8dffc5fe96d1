-- name: next_due(names)
-- for each of these jobs that is queued, in how many seconds the next is due; 0 or less: now
select names.name, extract(epoch from next.due - now())::float8 as seconds
from unnest(:names::text []) as names (name)
cross join lateral (
    select min(execute_after) as due from pgqueuer where entrypoint = names.name and status = 'queued'
) as next
where next.due is not null;

-- name: beat(ids, worker)!
-- say that a worker still runs these jobs
update pgqueuer set heartbeat = now() where id = any(:ids::bigint []) and queue_manager_id = :worker;

-- name: free_claims(names, after)!
-- queue again the jobs of a worker that no longer says it runs them: it was killed, or lost its database
with freed as (
    update pgqueuer
    set status = 'queued', attempts = attempts + 1, queue_manager_id = null, slot = null, updated = now()
    where id in (
        select id from pgqueuer
        where status = 'picked' and heartbeat < now() - :after::interval and entrypoint = any(:names::text [])
        for update skip locked
    )
    returning id, entrypoint, priority
)

insert into pgqueuer_log (job_id, status, entrypoint, priority)
select id, 'queued', entrypoint, priority from freed;

-- name: finish(ids)!
-- these jobs are done, though another worker may have claimed them since
with done as (
    delete from pgqueuer where id = any(:ids::bigint []) returning id, entrypoint, priority
)

insert into pgqueuer_log (job_id, status, entrypoint, priority)
select id, 'successful', entrypoint, priority from done;

-- name: end_attempt(id, worker, status, wait, attempts, reason)*!
-- the job is queued again, or kept as failed, unless another worker has claimed it since. reason: in the shape in which
-- the queue's own tools read it
with ended as (
    update pgqueuer
    set status = :status::text::pgqueuer_status, execute_after = now() + :wait::interval,
        attempts = attempts + :attempts::integer, queue_manager_id = null, slot = null, updated = now()
    where id = :id::bigint and status = 'picked' and queue_manager_id = :worker::uuid
    returning id, entrypoint, priority
)

insert into pgqueuer_log (job_id, status, entrypoint, priority, traceback)
select id, :status::text::pgqueuer_status, entrypoint, priority, jsonb_build_object(
    'job_id', id, 'timestamp', now(), 'exception_type', '', 'exception_message', :reason::text,
    'traceback', '', 'additional_context', null
)
from ended;

-- name: count_due(names)$
-- how many jobs of these names are due or running
select count(*) from pgqueuer
where entrypoint = any(:names::text [])
    and (status = 'picked' or (status = 'queued' and execute_after <= now()));

-- name: end_entry(id, wait)!
-- an entry of the timetable did not get through: it is due again after this wait, if not before
update pgqueuer_schedules
set status = 'queued', updated = now(), next_run = least(next_run, now() + :wait::interval)
where id = :id;

-- name: count_runs(kinds, runs, failures, seconds)!
-- attempts that ended, by kind, for metrics. In the order of the kinds, so that two workers take turns
insert into job_counts (kind, runs, failures, seconds)
select * from unnest(
    :kinds::text [], :runs::bigint [], :failures::bigint [], :seconds::double precision []
) as counted (kind, runs, failures, seconds)
order by kind
on conflict (kind) do update set
    runs = job_counts.runs + excluded.runs, failures = job_counts.failures + excluded.failures,
    seconds = job_counts.seconds + excluded.seconds;
