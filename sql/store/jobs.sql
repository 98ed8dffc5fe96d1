-- name: enqueue(name, payload, key, urgency, delay)$
-- enqueue a job
select enqueue_job(:name, :payload, :key, :urgency, :delay);

-- name: delete_old_log()!
-- log rows of jobs that ended two weeks ago; those of a job that is kept say why it was given up
delete from pgqueuer_log
where created < now() - interval '14 days'
    and not exists (select from pgqueuer where pgqueuer.id = pgqueuer_log.job_id);

-- name: lost_jobs(grace)
-- what a state of the database waits for, and of which the queue has no job: none that waits or runs, and none that was
-- given up, which is for a person to look at
select name, key, payload from awaited_jobs
where since < now() - :grace::interval
    and not exists (select from pgqueuer where pgqueuer.dedupe_key = awaited_jobs.name || ':' || awaited_jobs.key)
    and not exists (
        select from pgqueuer
        where pgqueuer.entrypoint = awaited_jobs.name
            and pgqueuer.payload = convert_to(awaited_jobs.payload::text, 'UTF8')
    )
limit 500;
