-- name: zones_of_gatherings()
-- every time zone that gatherings are in: from one to the next in the index, which has a million entries and few zones
with recursive zones as (
    (select zone from gatherings order by zone limit 1)
    union all
    select (select gatherings.zone from gatherings where gatherings.zone > zones.zone order by gatherings.zone limit 1)
    from zones where zones.zone is not null
)

select zone from zones where zone is not null order by zone;

-- name: begin_export(what, actor_id, filters, depth, purpose, format, made_by, columns)<!
-- the log entry of an export: who, what, with which filters, and for what
insert into exports (what, who, filters, depth, purpose, format, made_by, columns, read_at)
values (:what, :actor_id, :filters, :depth, :purpose, :format, :made_by, :columns, null) returning id;

-- name: freeze_snapshot()!
-- all reads of this transaction are of one moment
set transaction isolation level repeatable read, read only;

-- name: snapshot_time(seconds)^
-- the moment that a transaction reads, and how long each of its statements may take
select clock_timestamp() as at, set_config('statement_timeout', :seconds::int::text || 's', true);

-- name: note_reading(id, read_at, gatherings, hosts)!
-- which moment's rows an export has, of which gatherings if they were chosen one by one, and which facilitators it names;
-- noted before its first row leaves
update exports set read_at = :read_at, gatherings = :gatherings::uuid [], hosts = :hosts::uuid [] where id = :id;

-- name: finish_export(id, row_count)!
-- the export is complete
update exports set row_count = :row_count, finished_at = now() where id = :id;

-- name: known(circles, facilitators)^
-- how many of these circles there are, and of these facilitators
select
    (select count(*) from circles where id = any(:circles::uuid [])) as circles,
    (select count(*) from people where id = any(:facilitators::uuid [])) as facilitators;

-- name: gatherings_hosted(facilitators, first, last, circles)$
-- the gatherings of some days that any of these people hosted
select coalesce(array_agg(distinct gatherings.id), '{}')
from gatherings
join hosted_gatherings on hosted_gatherings.gathering_id = gatherings.id
where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and (cardinality(:circles::uuid []) = 0 or gatherings.circle_id = any(:circles::uuid []))
    and hosted_gatherings.person_id = any(:facilitators::uuid []);

-- name: hosts_named(first, last, circles, gatherings)$
-- the facilitators that an export of hours or gatherings names
select coalesce(array_agg(distinct hosted_gatherings.person_id), '{}')
from gatherings
join hosted_gatherings on hosted_gatherings.gathering_id = gatherings.id
where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and gatherings.state <> 'draft'
    and (cardinality(:circles::uuid []) = 0 or gatherings.circle_id = any(:circles::uuid []))
    and (:gatherings::uuid [] is null or gatherings.id = any(:gatherings::uuid []));

-- name: size(kind, first, last, circles, gatherings)$
-- how many rows an export has, without making them
select case when :kind = 'gatherings' then (
    select count(*) from gatherings
    where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
        and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
        and gatherings.state <> 'draft'
        and (cardinality(:circles::uuid []) = 0 or gatherings.circle_id = any(:circles::uuid []))
        and (:gatherings::uuid [] is null or gatherings.id = any(:gatherings::uuid []))
) when :kind = 'hours' then (
    select count(*) from gatherings join hosted_gatherings on hosted_gatherings.gathering_id = gatherings.id
    where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
        and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
        and gatherings.state = 'open' and gatherings.ends_at <= now()
        and (cardinality(:circles::uuid []) = 0 or gatherings.circle_id = any(:circles::uuid []))
        and (:gatherings::uuid [] is null or gatherings.id = any(:gatherings::uuid []))
) else (
    select count(*) from gatherings join bookings on bookings.gathering_id = gatherings.id
    where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
        and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
        and (:kind <> 'community_seats' or bookings.kind = 'community')
        and (cardinality(:circles::uuid []) = 0 or gatherings.circle_id = any(:circles::uuid []))
        and (:gatherings::uuid [] is null or gatherings.id = any(:gatherings::uuid []))
) + (
    select count(*) from gatherings
    join walk_ins on walk_ins.gathering_id = gatherings.id and walk_ins.removed_at is null
    where :kind = 'attendance'
        and gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
        and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
        and (cardinality(:circles::uuid []) = 0 or gatherings.circle_id = any(:circles::uuid []))
        and (:gatherings::uuid [] is null or gatherings.id = any(:gatherings::uuid []))
) end;

-- name: names_of(circles, facilitators)
-- the names of chosen circles and facilitators
select id, name, 'circle' as kind from circles where id = any(:circles::uuid [])
union all
select id, name, 'facilitator' from people where id = any(:facilitators::uuid []);

-- name: form_choices(circles, facilitators, most)
-- what a form offers: the chosen circles and facilitators, and by name so many others of each
(select id, name, 'circle' as kind, true as chosen from circles where id = any(:circles::uuid []) order by name_key, id)
union all
(select id, name, 'circle', false from circles where id <> all(:circles::uuid []) order by name_key, id limit :most)
union all
(select id, name, 'facilitator', true from people where id = any(:facilitators::uuid []) order by name_key, id)
union all
(
    select id, name, 'facilitator', false from people
    where is_facilitator and id <> all(:facilitators::uuid []) order by name_key, id limit :most
);

-- name: export_log(actor_id, most)
-- the newest exports, with the names of who made them and of their circles; for whoever asks, the file that is kept
select
    exports.id, exports.at, exports.what, exports.depth, exports.purpose, exports.format, exports.made_by, exports.filters,
    exports.row_count, exports.finished_at, people.name, coalesce(exports.who = :actor_id, false) as own,
    array(
        select circles.name from circles
        where exports.filters -> 'circles' ? circles.id::text order by circles.name_key, circles.id
    ) as circle_names,
    (select count(*) from export_downloads where export_downloads.export_id = exports.id) as downloads,
    export_files.rows_done, export_files.rows_expected, export_files.expires_at,
    case when export_files.expires_at <= now() then 'deleted' else export_files.state end as state
from exports
left join people on people.id = exports.who
left join export_files on export_files.export_id = exports.id
order by exports.at desc, exports.id limit :most;

-- name: presets(kind)
-- the presets of a kind, by name, with who made them
select
    presets.id, presets.name, presets.depth, presets.format, presets.columns, presets.created_at, people.name as made_by
from export_presets as presets left join people on people.id = presets.made_by
where presets.kind = :kind order by name_key(presets.name), presets.id;

-- name: save_preset(name, kind, depth, format, columns, actor_id)<!
-- keep choices under a name; a preset of this name is replaced
insert into export_presets (name, kind, depth, format, columns, made_by)
values (:name, :kind, :depth, :format, :columns, :actor_id)
on conflict (kind, name) do update set
    depth = excluded.depth, format = excluded.format, columns = excluded.columns, made_by = excluded.made_by,
    created_at = now()
returning id;

-- name: delete_preset(id)$
-- remove a preset; its kind
delete from export_presets where id = :id returning kind;

-- name: add_file(export_id, rows_expected, kept_for)!
-- a file that a job will make
insert into export_files (export_id, rows_expected, expires_at)
values (:export_id, :rows_expected, now() + :kept_for::interval);

-- name: begin_file(export_id, kept_for)^
-- begin to make a file, or begin again; what an earlier run wrote is gone, and it can write no more
with begun as (
    update export_files
    set attempt = attempt + 1, state = 'being_made', rows_done = 0, bytes = 0, expires_at = now() + :kept_for::interval
    where export_id = :export_id and state in ('waiting', 'being_made')
    returning export_id, attempt
),

gone as (
    delete from export_chunks where export_id in (select begun.export_id from begun)
)

select
    begun.attempt, exports.what, exports.filters, exports.depth, exports.format, exports.columns, exports.purpose
from begun join exports on exports.id = begun.export_id;

-- name: add_chunk(export_id, attempt, number, body, rows_done)$
-- the next part of a file, if this run may still write it: its number, or nothing
with mine as (
    update export_files set bytes = bytes + length(:body::bytea), rows_done = greatest(rows_done, :rows_done)
    where export_id = :export_id and attempt = :attempt and state = 'being_made'
    returning export_id
)
insert into export_chunks (export_id, number, body) select mine.export_id, :number, :body from mine returning number;

-- name: note_progress(export_id, attempt, rows_done)!
-- how many rows of a file are written
update export_files set rows_done = :rows_done
where export_id = :export_id and attempt = :attempt and state = 'being_made';

-- name: end_file(export_id, attempt, state, kept_for)!
-- a file is ready, or was given up
update export_files
set state = :state, made_at = now(), rows_expected = case when :state = 'ready' then rows_done else rows_expected end,
    expires_at = now() + :kept_for::interval
where export_id = :export_id and attempt = :attempt and state = 'being_made';

-- name: own_file(export_id, actor_id)^
-- a file that a job makes or made, for whoever asked for it
select
    exports.id, exports.what, exports.filters, exports.depth, exports.format, exports.columns, exports.purpose, exports.at,
    exports.row_count, export_files.rows_done, export_files.rows_expected, export_files.bytes,
    case when export_files.expires_at <= now() then 'deleted' else export_files.state end as state,
    export_files.made_at, export_files.expires_at
from exports join export_files on export_files.export_id = exports.id
where exports.id = :export_id and exports.who = :actor_id;

-- name: log_download(export_id, actor_id)$
-- note that somebody fetches their file, if it is ready and not past its time
insert into export_downloads (export_id, who)
select export_files.export_id, :actor_id
from export_files join exports on exports.id = export_files.export_id
where export_files.export_id = :export_id and exports.who = :actor_id and export_files.state = 'ready'
    and export_files.expires_at > now()
returning id;

-- name: chunk(export_id, number)$
-- one part of a file
select body from export_chunks where export_id = :export_id and number = :number;

-- name: discard_file(export_id, actor_id)$
-- delete a file before its time
with mine as (
    update export_files set state = 'deleted', attempt = attempt + 1
    from exports
    where exports.id = export_files.export_id and exports.who = :actor_id and export_files.export_id = :export_id
        and export_files.state <> 'deleted'
    returning export_files.export_id
),

gone as (
    delete from export_chunks where export_id in (select mine.export_id from mine)
)

select export_id from mine;

-- name: delete_expired()!
-- files past their time; the log keeps that there was one
with expired as (
    update export_files set state = 'deleted', attempt = attempt + 1
    where expires_at <= now() and state <> 'deleted'
    returning export_id
)
delete from export_chunks where export_id in (select expired.export_id from expired);

-- name: exports_about(person_id, before, most)
-- the newest files that had a row about somebody, before one of them; with who made each, and how often it was fetched
select
    exports.id, exports.at, exports.what, exports.depth, exports.purpose, exports.made_by, exports.filters,
    people.name, exports.who is not null as has_maker,
    (select count(*) from export_downloads where export_downloads.export_id = exports.id) as downloads
from exports_about(:person_id) as mine (export_id)
join exports on exports.id = mine.export_id
left join people on people.id = exports.who
where :before::timestamptz is null or exports.at < :before
order by exports.at desc, exports.id
limit :most;
