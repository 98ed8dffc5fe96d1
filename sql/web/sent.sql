-- name: claim(key, lasts)$
-- claim a sending; null where it was claimed before. One that ended without a trace is free after a minute
insert into sent_forms (key) values (:key)
on conflict (key) do update set sent_at = now(), location = null
where sent_forms.sent_at < now() - case
    when sent_forms.location is null then interval '1 minute'
    else :lasts::interval
end
returning true;

-- name: done(key, location)!
-- a sending is done, and led to a page
update sent_forms set location = :location where key = :key;

-- name: release(key)!
-- a sending was refused, so it may come again
delete from sent_forms where key = :key;

-- name: location(key)^
-- where a sending led; no row once it is released
select location from sent_forms where key = :key;

-- name: delete_old()!
-- sendings of an hour ago
delete from sent_forms where sent_at < now() - interval '1 hour';
