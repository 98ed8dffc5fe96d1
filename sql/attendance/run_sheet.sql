-- name: of_circle(id, actor_id)^
-- a circle for its hosts, with its run sheet; no steps where it has none of its own
select
    circles.id, circles.id as circle_id, circles.name as circle_name, circles.format, circles.place, circles.zone,
    circles.length_minutes, null::timestamptz as starts_at, host.may_change,
    true as sees_circle,
    coalesce(own.version, 0) as version, own.id is not null as is_own,
    (
        select jsonb_agg(to_jsonb(run_steps) order by run_steps.position)
        from run_steps where run_steps.sheet_id = own.id
    ) as steps
from circles
join may_host(circles.id, :actor_id) as host on true
left join run_sheets as own on own.circle_id = circles.id and own.gathering_id is null
where circles.id = :id;

-- name: of_gathering(id, actor_id)^
-- a gathering for its hosts, with its own copy of the run sheet, else the one of its circle, else no steps
select
    gatherings.id, circles.id as circle_id, circles.name as circle_name, circles.format, circles.place,
    gatherings.zone, gatherings.length_minutes, gatherings.starts_at,
    host.may_change, host.part <> 'stand_in' as sees_circle,
    coalesce(own.version, 0) as version, own.id is not null as is_own,
    (
        select jsonb_agg(to_jsonb(run_steps) order by run_steps.position)
        from run_steps where run_steps.sheet_id = coalesce(own.id, usual.id)
    ) as steps
from gatherings
join circles on circles.id = gatherings.circle_id
join may_host_gathering(gatherings.id, :actor_id) as host on true
left join run_sheets as own on own.gathering_id = gatherings.id
left join run_sheets as usual on usual.circle_id = circles.id and usual.gathering_id is null
where gatherings.id = :id;

-- name: lock_circle(id)$
-- a circle, locked while its run sheet or one of a gathering changes
select id from circles where id = :id for no key update;

-- name: insert_sheet(circle, gathering, actor_id)$
-- a new run sheet, of a circle or of one gathering
insert into run_sheets (circle_id, gathering_id, changed_by) values (:circle, :gathering, :actor_id) returning id;

-- name: update_sheet(circle, gathering, actor_id)$
-- the next version of a run sheet; no row where there is none yet
update run_sheets set version = version + 1, changed_by = :actor_id, changed_at = now()
where circle_id = :circle and gathering_id is not distinct from :gathering::uuid
returning id;

-- name: delete_steps(sheet)!
-- the steps of a run sheet, before new ones are written
delete from run_steps where sheet_id = :sheet;

-- name: insert_steps(sheet, steps)!
-- the steps of a run sheet
insert into run_steps (sheet_id, position, title, minutes, words)
select :sheet::uuid, step.position, step.title, step.minutes, step.words
from jsonb_to_recordset(:steps::jsonb) as step (position smallint, title text, minutes smallint, words text);

-- name: delete_sheet(circle, gathering)$
-- a run sheet that is reset: the one it was copied from applies again
delete from run_sheets
where circle_id = :circle and gathering_id is not distinct from :gathering::uuid
returning id;
