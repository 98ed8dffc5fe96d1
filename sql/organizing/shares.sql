-- name: circle(id)^
-- a circle whose terms are shown; drafts have none of their own
select id, name, currency, minimum, suggested, maximum from circles where id = :id and state <> 'draft';

-- name: versions(circle, currency, most)
-- what was set for a circle, or as the default in a currency, the latest start first; those of a circle in every currency
select
    share_terms.id, share_terms.currency, share_terms.percent, share_terms.flat, share_terms.at_most, share_terms.starts_at,
    share_terms.created_at, share_terms.reason, coalesce(people.name, 'The site') as set_by,
    share_terms.starts_at > now() as is_ahead
from share_terms left join people on people.id = share_terms.set_by
where share_terms.circle_id is not distinct from :circle and (:circle::uuid is not null or share_terms.currency = :currency)
order by share_terms.starts_at desc, share_terms.created_at desc
limit :most;

-- name: defaults()
-- the community's default in every currency that a circle takes now or that ever had one
select
    every.currency, terms.percent, terms.flat, terms.at_most,
    (
        select min(share_terms.starts_at) from share_terms
        where share_terms.circle_id is null and share_terms.currency = every.currency and share_terms.starts_at > now()
    ) as changes_at
from (
    select circles.currency from circles where circles.state not in ('draft', 'archived') and circles.maximum > 0
    union
    select share_terms.currency from share_terms where share_terms.circle_id is null
) as every
left join lateral (
    select share_terms.percent, share_terms.flat, share_terms.at_most from share_terms
    where share_terms.circle_id is null and share_terms.currency = every.currency and share_terms.starts_at <= now()
    order by share_terms.starts_at desc, share_terms.created_at desc limit 1
) as terms on true
order by every.currency;

-- name: circles(after, limit)
-- one page of the circles that take money, with the terms that count now, whether they are their own, and when others begin;
-- after: the last circle of the page before
select
    circles.id, circles.name, circles.currency, lead.name as lead_name, terms.circle_id is not null as is_own,
    terms.percent, terms.flat, terms.at_most, ahead.starts_at as changes_at
from circles
left join lateral (
    select people.name from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = circles.id and hosts.part = 'lead' limit 1
) as lead on true
left join lateral terms_of(circles.id, circles.currency, now()) as terms on true
left join lateral (
    select min(share_terms.starts_at) as starts_at from share_terms
    where (share_terms.circle_id = circles.id or (share_terms.circle_id is null and terms.circle_id is null))
        and share_terms.currency = circles.currency and share_terms.starts_at > now()
) as ahead on true
where circles.state not in ('draft', 'archived') and circles.maximum > 0
    and (
        :after::uuid is null
        or (circles.name_key, circles.id) > (select former.name_key, former.id from circles as former where former.id = :after)
    )
order by circles.name_key, circles.id
limit :limit;
