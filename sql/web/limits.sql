-- name: count_attempt(key, per)<!
-- count one attempt in the present window; returns the count
insert into limits as kept (key, window_start, count)
values (:key, date_bin(:per::interval, now(), timestamptz '2000-01-01'), 1)
on conflict (key, window_start) do update set count = kept.count + 1
returning count;

-- name: delete_old()!
-- counts of past windows
delete from limits where window_start < now() - interval '2 days';
