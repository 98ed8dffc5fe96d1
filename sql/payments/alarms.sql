-- name: raise_alarm(kind)!
-- Stripe refused our key just now; one that is older than a day began anew
insert into stripe_alarms (kind) values (:kind)
on conflict (kind) do update set
    at = now(), since = case when stripe_alarms.at < now() - interval '1 day' then now() else stripe_alarms.since end;
