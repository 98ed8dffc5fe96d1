-- name: note_run(broken)!
-- what a check of the invariants found: the number of rows that break each, by its name
insert into check_runs (broken) values (:broken::jsonb);

-- name: broken_invariants()$
-- how many invariants the last check found broken; the health check says so
select count(*) from (
    select broken from check_runs order by id desc limit 1
) as last cross join lateral jsonb_object_keys(last.broken);

-- name: delete_old_runs()!
-- checks of half a year ago
delete from check_runs where at < now() - interval '180 days';
