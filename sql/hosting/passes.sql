-- name: offering_circle(id, actor_id)^
-- a circle for somebody who may change it, with the newest version of the pass it offers, and how many are in use
select
    circles.id, circles.name, circles.discreet_name, circles.state, circles.currency, circles.minimum, circles.suggested,
    circles.maximum, manager.part,
    (
        select to_jsonb(offers) from pass_offers as offers
        where offers.circle_id = circles.id order by offers.number desc limit 1
    ) as offer,
    (select count(*) from passes where passes.circle_id = circles.id and passes.state = 'active') as in_use
from circles join may_manage(circles.id, :actor_id) as manager on manager.may_change
where circles.id = :id;

-- name: lock_circle(id, actor_id)^
-- a circle, locked, for somebody who may change it, with the number of its newest offer
select
    circles.id, circles.currency, circles.maximum, circles.state, manager.part,
    coalesce((select max(number) from pass_offers where pass_offers.circle_id = circles.id), 0) as number
from circles join may_manage(circles.id, :actor_id) as manager on manager.may_change
where circles.id = :id for update of circles;

-- name: publish(circle_id, number, is_sold, uses, weeks, currency, minimum, suggested, maximum, refund_kind, refund_percent, refund_per_use, refund_weeks, actor_id)$
-- a version of what a circle offers; those before it stay, since passes were sold under them
insert into pass_offers (
    circle_id, number, is_sold, uses, weeks, currency, minimum, suggested, maximum, refund_kind, refund_percent, refund_per_use,
    refund_weeks, published_by
)
values (
    :circle_id, :number, :is_sold, :uses, :weeks, :currency, :minimum, :suggested, :maximum, :refund_kind, :refund_percent,
    :refund_per_use, :refund_weeks, :actor_id
)
returning id;
