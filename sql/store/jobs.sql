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

-- name: changed_bookings(lately)
-- the bookings that changed lately, by their events, which are numbered in the order of time
select distinct about as id from events
where id > coalesce(
    (select events.id from events where events.at < now() - :lately::interval order by events.id desc limit 1), 0
) and what like 'booking.%';

-- name: lately_lost_jobs(grace, booking_ids)
-- the same as `lost_jobs`, of calendar mail for these bookings alone. The name of each part of the view is known to the planner, which
-- so looks up the bookings of the two that read all seats ahead
select name, key, payload from awaited_jobs
where since < now() - :grace::interval
    and (name not in ('invites.send', 'invites.withdraw') or about = any(:booking_ids::uuid []))
    and not exists (select from pgqueuer where pgqueuer.dedupe_key = awaited_jobs.name || ':' || awaited_jobs.key)
    and not exists (
        select from pgqueuer
        where pgqueuer.entrypoint = awaited_jobs.name
            and pgqueuer.payload = convert_to(awaited_jobs.payload::text, 'UTF8')
    )
limit 500;
