-- name: lock()!
-- let one publish at a time
select pg_advisory_xact_lock(hashtext('community_versions'));

-- name: version(number)^
-- one version; the newest for 0
select
    number, community_name, mail_name, calendar_name, statement_name, contact_address, crisis_lines, accent, ground,
    accent_dark, ground_dark, logo, width as logo_width, height as logo_height, currency, minimum, suggested, maximum,
    refund_hours, late_refund_percent, zone, asks, mail_footer, published_at, why, put_back,
    (select people.name from people where people.id = community_versions.published_by) as published_by
from community_versions left join community_logos on community_logos.hash = community_versions.logo
where number = coalesce(nullif(:number::integer, 0), (select max(number) from community_versions));

-- name: versions(before, most)
-- versions with who published each, the newest first
select number, published_at, why, put_back, people.name as published_by
from community_versions left join people on people.id = community_versions.published_by
where number < :before
order by number desc
limit :most;

-- name: publish(community_name, mail_name, calendar_name, statement_name, contact_address, crisis_lines, accent, ground, accent_dark, ground_dark, logo, currency, minimum, suggested, maximum, refund_hours, late_refund_percent, zone, asks, mail_footer, put_back, why, actor_id)^
-- add a version, which is in force from then on
insert into community_versions (
    number, community_name, mail_name, calendar_name, statement_name, contact_address, crisis_lines, accent, ground,
    accent_dark, ground_dark, logo, currency, minimum, suggested, maximum, refund_hours, late_refund_percent, zone, asks,
    mail_footer, put_back, why, published_by
)
values (
    (select coalesce(max(number), 0) + 1 from community_versions), :community_name, :mail_name, :calendar_name,
    :statement_name, :contact_address, :crisis_lines, :accent, :ground, :accent_dark, :ground_dark, :logo, :currency,
    :minimum, :suggested, :maximum, :refund_hours, :late_refund_percent, :zone, :asks, :mail_footer, :put_back, :why,
    :actor_id
)
returning number, id;

-- name: save_logo(hash, png, width, height, actor_id)!
-- keep a picture for a version to name
insert into community_logos (hash, png, width, height, sent_by) values (:hash, :png, :width, :height, :actor_id)
on conflict (hash) do update set sent_at = clock_timestamp();

-- name: logo(hash)$
-- the bytes of a logo
select png from community_logos where hash = :hash;

-- name: logo_size(hash)^
-- the size of a logo
select width, height from community_logos where hash = :hash;

-- name: delete_unused_logos()!
-- delete logos that no version names, a day after they were sent for a preview
delete from community_logos
where sent_at < now() - interval '1 day'
    and not exists (select from community_versions where community_versions.logo = community_logos.hash);
