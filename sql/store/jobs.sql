-- name: delete_old_log()!
-- log rows of jobs that ended two weeks ago; those of a job that is kept say why it was given up
delete from pgqueuer_log
where created < now() - interval '14 days'
    and not exists (select from pgqueuer where pgqueuer.id = pgqueuer_log.job_id);
