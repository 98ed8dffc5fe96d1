-- name: shared_circle(id, actor_id)^
-- a circle for somebody who may change it, with its short addresses, the present one first
select
    circles.id, circles.name, circles.discreet_name, circles.state, circles.format, circles.place, circles.city,
    circles.currency, circles.minimum, circles.suggested, circles.maximum, manager.part,
    array(
        select circle_addresses.slug from circle_addresses
        where circle_addresses.circle_id = circles.id
        order by circle_addresses.is_current desc, circle_addresses.chosen_at desc, circle_addresses.slug
    ) as slugs
from circles join may_manage(circles.id, :actor_id) as manager on manager.may_change
where circles.id = :id;

-- name: lock_circle(id, actor_id)^
-- a circle, locked, for somebody who may change it
select circles.id, circles.discreet_name, manager.part
from circles join may_manage(circles.id, :actor_id) as manager on manager.may_change
where circles.id = :id for update of circles;

-- name: addresses_of(circle_id)
-- the short addresses of a circle
select slug, is_current from circle_addresses where circle_addresses.circle_id = :circle_id;

-- name: set_former(circle_id)!
-- no address of a circle is the present one, until another is chosen
update circle_addresses set is_current = false where circle_addresses.circle_id = :circle_id and is_current;

-- name: choose_address(slug, circle_id, actor_id)$
-- make an address the present one of a circle; nothing where it is the address of another
insert into circle_addresses (slug, circle_id, chosen_by) values (:slug, :circle_id, :actor_id)
on conflict (slug) do update set is_current = true, chosen_by = :actor_id, chosen_at = now()
where circle_addresses.circle_id = :circle_id
returning slug;

-- name: taken_among(slugs)
-- which of some addresses are taken
select slug from circle_addresses where slug = any(:slugs::text[]);
