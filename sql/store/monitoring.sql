-- name: server_pid()$
-- the process of the server that carries out this statement
select pg_backend_pid();

-- name: beat(id, kind, pooled)!
-- this process runs
insert into processes (id, kind, pooled)
values (:id, :kind, :pooled)
on conflict (id) do update set
    seen_at = now(),
    pooled = excluded.pooled;

-- name: delete_ended()!
-- processes that ended a day ago or longer
delete from processes where seen_at < now() - interval '1 day';

-- name: announce(names, due)!
-- entries of the timetable with their next times (due). One that is overdue stays so; what has not come yet is set anew,
-- since a new version may have another time
insert into timetable_entries (name, due_at)
select *
from unnest(:names::text[], :due::timestamptz[])
on conflict (name) do update set
    due_at = excluded.due_at
where timetable_entries.due_at > now();

-- name: entry_succeeded(name, due_at)!
-- a run succeeded; the next one has to at due_at
insert into timetable_entries (name, due_at, succeeded_at)
values (:name, :due_at, now())
on conflict (name) do update set
    due_at = excluded.due_at,
    succeeded_at = excluded.succeeded_at;

-- name: entry_failed(name, due_at, failure)!
-- a run failed
insert into timetable_entries (name, due_at, failed_at, failures, failure)
values (:name, :due_at, now(), 1, :failure)
on conflict (name) do update set
    failed_at = excluded.failed_at,
    failures = timetable_entries.failures + 1,
    failure = excluded.failure;

-- name: is_migrated()$
-- whether the table of migrations is there
select to_regclass('circles_migrations') is not null;

-- name: migrations()
-- the applied migrations
select name from circles_migrations;

-- name: waiting_jobs()
-- jobs by kind: how many wait, run and were given up on, and how long the oldest due one has waited (seconds)
select
    entrypoint as kind,
    count(*) filter (where status = 'queued') as waiting,
    count(*) filter (where status = 'picked') as running,
    count(*) filter (where status = 'failed') as given_up,
    coalesce(extract(epoch from now() - min(execute_after) filter (
        where status = 'queued' and execute_after <= now()
    )), 0)::float8 as oldest_wait
from pgqueuer
group by entrypoint
order by entrypoint;

-- name: waiting_mails()
-- waiting mails by kind, and how long the oldest has waited (seconds)
select
    kind,
    count(*) as waiting,
    extract(epoch from now() - min(created_at))::float8 as oldest_wait
from mails
where state = 'waiting'
group by kind
order by kind;

-- name: other_mail_went()$
-- whether a mail was accepted since the oldest waiting one was written. That has no index, and it matters only for a mail
-- that has waited for an hour
select
    case when min(created_at) < now() - interval '1 hour'
        then exists (select from mails as sent where sent.sent_at > min(mails.created_at))
        else true end
from mails
where state = 'waiting';

-- name: entries(names)
-- how these entries of the timetable went: the last success and failure, and for how long they have been due (seconds)
select
    name,
    succeeded_at,
    failed_at,
    failures,
    failure,
    failed_at is not null and failed_at > coalesce(succeeded_at, '-infinity') as is_failing,
    coalesce(extract(epoch from now() - failed_at), 0)::float8 as since_failure,
    extract(epoch from now() - due_at)::float8 as late
from timetable_entries
where name = any(:names::text[])
order by name;

-- name: newest_worker()^
-- the worker seen last: how long ago (seconds), and whether it runs behind a pooler
select
    extract(epoch from now() - seen_at)::float8 as silence,
    pooled
from processes
where kind = 'worker'
order by seen_at desc
limit 1;

-- name: job_counts()
-- what workers did since the beginning, by kind of job
select kind, runs, failures, seconds from job_counts order by kind;
