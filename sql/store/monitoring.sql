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
