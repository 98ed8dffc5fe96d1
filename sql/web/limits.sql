-- name: count_one(key, per)<!
-- one more in the present window; answers how many that makes
insert into limits as kept (key, window_start, count)
values (:key, date_bin(:per::interval, now(), timestamptz '2000-01-01'), 1)
on conflict (key, window_start) do update set count = kept.count + 1
returning count;

-- name: forget_old()!
-- counts of windows long past
delete from limits where window_start < now() - interval '2 days';
