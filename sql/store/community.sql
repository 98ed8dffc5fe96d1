-- name: newer(known)^
-- what the community says of itself, where another version than the known one is in force
select
    number, community_name, mail_name, calendar_name, statement_name, contact_address, crisis_lines, accent, ground,
    accent_dark, ground_dark, logo, width as logo_width, height as logo_height, currency, minimum, suggested, maximum,
    refund_hours, late_refund_percent, zone, asks, mail_footer
from community_versions left join community_logos on community_logos.hash = community_versions.logo
where number = (select max(number) from community_versions) and number <> :known;
