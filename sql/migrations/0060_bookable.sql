-- Gatherings with all that a booking needs of them, for every query that needs it; drafts are left out.
create view bookable_gatherings as
select
    gatherings.id as gathering_id, circles.id as circle_id, circles.name as circle_name,
    circles.discreet_name, gatherings.state, circles.state as circle_state,
    gatherings.starts_at, gatherings.ends_at, gatherings.zone, gatherings.wall_start,
    gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken,
    circles.place, circles.format,
    coalesce(nullif(gatherings.city, ''), circles.city) as city,
    coalesce(nullif(gatherings.address, ''), circles.address) as address,
    coalesce(nullif(gatherings.join_link, ''), circles.join_link) as join_link,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    circles.refund_hours, circles.late_refund_percent, circles.guidelines_id,
    gatherings.note, gatherings.cancel_reason,
    host.ids as host_ids, host.names as host_names
from gatherings join circles on circles.id = gatherings.circle_id
cross join lateral (
    select
        coalesce(array_agg(people.id order by hosts.part = 'lead' desc, people.name_key), '{}') as ids,
        coalesce(array_agg(people.name order by hosts.part = 'lead' desc, people.name_key), '{}') as names
    from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = circles.id and hosts.part <> 'helper' and (people.is_facilitator or people.is_organizer)
) as host
where gatherings.state <> 'draft' and circles.state <> 'draft';
