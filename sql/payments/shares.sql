-- name: lock_terms(circle)!
-- terms of one circle, or the default, are set one after the other
select pg_advisory_xact_lock(hashtextextended('share terms of ' || coalesce(:circle::uuid::text, 'all'), 0));

-- name: newest(circle, currency)$
-- the version that was set last for a circle, or as the default
select id from share_terms
where circle_id is not distinct from :circle and currency = :currency
order by created_at desc limit 1;

-- name: own_terms(circle, currency, at)^
-- the version of a circle itself, or of the default, that holds at a time; with or without a percentage
select percent, flat, at_most, starts_at from share_terms
where circle_id is not distinct from :circle and currency = :currency and starts_at <= :at
order by starts_at desc, created_at desc limit 1;

-- name: add_terms(circle, currency, percent, flat, at_most, starts_at, actor_id, reason)$
-- another version
insert into share_terms (circle_id, currency, percent, flat, at_most, starts_at, set_by, reason)
values (:circle, :currency, :percent, :flat, :at_most, :starts_at, :actor_id, :reason)
returning id;

-- name: circle(id)^
-- the circle whose terms are shown or set; drafts have none of their own
select id, name, discreet_name, currency, minimum, suggested, maximum from circles where id = :id and state <> 'draft';

-- name: affected(circle, currency, at)
-- the leads of the circles for which another version of a circle, or of the default, counts from then on
select people.id, people.name, people.email, circles.discreet_name, circles.name as circle_name
from circles
join hosts on hosts.circle_id = circles.id and hosts.part = 'lead'
join people on people.id = hosts.person_id and people.suspended_at is null
where circles.state not in ('draft', 'archived') and circles.maximum > 0 and circles.currency = :currency
    and case when :circle::uuid is null then not exists (
        select from (
            select percent from share_terms
            where share_terms.circle_id = circles.id and share_terms.currency = :currency and starts_at <= :at
            order by starts_at desc, created_at desc limit 1
        ) as own where own.percent is not null
    ) else circles.id = :circle end
order by people.id, circles.name_key, circles.id;
