-- name: lock_counts(keys, pers)
-- the counts of keys in their present windows, locked; in one order, so that two transactions never wait for each other
insert into limits as kept (key, window_start, count)
select
    asked.key,
    date_bin(asked.per, now(), timestamptz '2000-01-01'),
    0
from unnest(:keys::text[], :pers::interval[]) as asked (key, per)
order by asked.key
on conflict (key, window_start) do update set count = kept.count
returning key, count;

-- name: count(keys, pers)!
-- count one more under keys, in their present windows
update limits set count = count + 1
from unnest(:keys::text[], :pers::interval[]) as asked (key, per)
where limits.key = asked.key and window_start = date_bin(asked.per, now(), timestamptz '2000-01-01');

-- name: delete_old()!
-- counts of past windows
delete from limits where window_start < now() - interval '2 days';
