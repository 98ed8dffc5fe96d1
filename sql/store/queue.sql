-- name: in_queue(limit)
-- the jobs in the queue, those that were given up first, then the oldest; with the reason of the last attempt that failed.
-- due_in: seconds, when it is tried next
select
    pgqueuer.id, pgqueuer.entrypoint as name, pgqueuer.status::text as status, pgqueuer.attempts,
    extract(epoch from now() - pgqueuer.created)::float8 as age,
    greatest(extract(epoch from pgqueuer.execute_after - now()), 0)::float8 as due_in,
    coalesce((
        select log.traceback ->> 'exception_message' from pgqueuer_log as log
        where log.job_id = pgqueuer.id and log.traceback is not null
        order by log.created desc limit 1
    ), '') as reason,
    count(*) over () as total
from pgqueuer
order by pgqueuer.status <> 'failed', pgqueuer.created, pgqueuer.id
limit :limit;

-- name: chosen(ids, names, every)
-- jobs by their ids that wait or were given up; of these names, or every one, that were given up
select id, entrypoint as name, status = 'failed' as is_given_up from pgqueuer
where (status in ('failed', 'queued') and id = any(:ids::bigint []))
    or (status = 'failed' and (entrypoint = any(:names::text []) or :every::boolean))
order by id
for update;

-- name: delete_superseded(ids)!
-- of these jobs, those that were given up while another with the same key waits, runs, or is among them
with superseded as (
    delete from pgqueuer
    where id = any(:ids::bigint []) and status = 'failed' and exists (
        select from pgqueuer as other
        where other.dedupe_key = pgqueuer.dedupe_key and other.id <> pgqueuer.id
            and (other.status in ('queued', 'picked') or (other.id = any(:ids) and other.id > pgqueuer.id))
    )
    returning id, entrypoint, priority
)

insert into pgqueuer_log (job_id, status, entrypoint, priority)
select id, 'deleted', entrypoint, priority from superseded;

-- name: retry(ids)!
-- these jobs are due now, with all their attempts
with again as (
    update pgqueuer set status = 'queued', attempts = 0, execute_after = now(), updated = now()
    where id = any(:ids::bigint []) and status in ('failed', 'queued')
    returning id, entrypoint, priority
)

insert into pgqueuer_log (job_id, status, entrypoint, priority)
select id, 'queued', entrypoint, priority from again;

-- name: drop_jobs(ids)!
-- take these jobs out of the queue; they will not be done
with dropped as (
    delete from pgqueuer where id = any(:ids::bigint []) and status in ('failed', 'queued')
    returning id, entrypoint, priority
)

insert into pgqueuer_log (job_id, status, entrypoint, priority)
select id, 'deleted', entrypoint, priority from dropped;
