-- name: lock_gathering(id)!
-- a gathering, locked while its register is closed or its reflection changes
select id from gatherings where id = :id for no key update;

-- name: close_register(id, actor_id)!
-- the register is complete
update gatherings set closed_at = clock_timestamp(), closed_by = :actor_id where id = :id;

-- name: reopen_register(id)!
-- marks can be changed again
update gatherings set closed_at = null, closed_by = null where id = :id;

-- name: close_old_registers(age, most)
-- close the registers of gatherings that ended, or were opened again, longer ago than `age`; at most so many at once
update gatherings set closed_at = clock_timestamp(), closed_by = null
where id = any(array(
    select old.id from gatherings as old
    where old.state = 'open' and old.closed_at is null and old.ends_at < now() - :age::interval
        and (old.reopened_at is null or old.reopened_at < now() - :age::interval)
    order by old.ends_at
    limit :most
    for no key update skip locked
))
returning id;

-- name: write_note(circle, gathering, about, actor_id, body)<!
-- a note of one host for the next
insert into hand_over_notes (circle_id, gathering_id, about, written_by, body)
values (:circle, :gathering, :about, :actor_id, :body)
returning id;

-- name: delete_note(id, actor_id)$
-- a note deleted by its writer
delete from hand_over_notes where id = :id and written_by = :actor_id returning gathering_id;

-- name: notes_of_circle(circle, gathering)
-- the notes of a circle, or of one of its gatherings, newest first
select
    hand_over_notes.id, hand_over_notes.body, hand_over_notes.written_at, hand_over_notes.written_by,
    hand_over_notes.gathering_id, hand_over_notes.about, member.name, member.pronouns,
    writer.name as writer_name, gatherings.starts_at, gatherings.zone
from hand_over_notes
join people as member on member.id = hand_over_notes.about
join gatherings on gatherings.id = hand_over_notes.gathering_id
left join people as writer on writer.id = hand_over_notes.written_by
where hand_over_notes.circle_id = :circle
    and (:gathering::uuid is null or hand_over_notes.gathering_id = :gathering)
    and hand_over_notes.written_at > now() - interval '30 days'
order by hand_over_notes.written_at desc, hand_over_notes.id;

-- name: member_who_came(gathering, booking, actor_id)^
-- somebody who came to a gathering, for its hosts and its stand-in
select
    bookings.id, bookings.person_id, member.name, gatherings.id as gathering_id, circles.name as circle_name,
    gatherings.starts_at, gatherings.zone, host.part
from bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
join attendance on attendance.booking_id = bookings.id and attendance.mark = 'came'
join people as member on member.id = bookings.person_id
join may_host_gathering(gatherings.id, :actor_id) as host on host.may_change
where bookings.id = :booking and gatherings.id = :gathering and bookings.state = 'confirmed'
    and bookings.person_id <> :actor_id;

-- name: circle_for_notes(id, actor_id)^
-- a circle for somebody who may read its notes
select circles.id, circles.name, host.part is not null as hosts_it
from circles
join people as viewer on viewer.id = :actor_id
left join may_host(circles.id, viewer.id) as host on true
where circles.id = :id and (viewer.is_organizer or host.may_change);

-- name: forget_old_notes()
-- notes older than 30 days
delete from hand_over_notes where written_at <= now() - interval '30 days' returning id;

-- name: reflection(id, actor_id)^
-- a gathering with its reflection, for its hosts and for organizers, not for helpers
select
    gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.state, circles.id as circle_id,
    circles.name as circle_name,
    gatherings.starts_at <= now() as has_begun,
    coalesce(host.may_change, false) as may_change,
    coalesce(reflections.went_well, '') as went_well, coalesce(reflections.carry_on, '') as carry_on,
    coalesce(reflections.version, 0) as version, reflections.changed_at, writers.name as changed_by_name
from gatherings
join circles on circles.id = gatherings.circle_id
join people as viewer on viewer.id = :actor_id
left join may_host_gathering(gatherings.id, viewer.id) as host on host.may_change
left join reflections on reflections.gathering_id = gatherings.id
left join people as writers on writers.id = reflections.changed_by
where gatherings.id = :id and (host.may_change or viewer.is_organizer);

-- name: reflections_of_circle(circle, most)
-- the newest reflections of a circle without their text; the caller has checked the permission
select gatherings.id, gatherings.starts_at, gatherings.zone, reflections.changed_at, writers.name as changed_by_name
from reflections
join gatherings on gatherings.id = reflections.gathering_id
left join people as writers on writers.id = reflections.changed_by
where gatherings.circle_id = :circle
order by gatherings.starts_at desc, gatherings.id
limit :most;

-- name: save_reflection(gathering, went_well, carry_on, actor_id)!
-- the reflection of a gathering, with its next version
insert into reflections (gathering_id, went_well, carry_on, changed_by)
values (:gathering, :went_well, :carry_on, :actor_id)
on conflict (gathering_id) do update set
    went_well = excluded.went_well, carry_on = excluded.carry_on, version = reflections.version + 1,
    changed_by = excluded.changed_by, changed_at = now();

-- name: delete_reflection(gathering)!
-- a reflection whose fields were emptied
delete from reflections where gathering_id = :gathering;
