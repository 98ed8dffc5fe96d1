-- Lists that are brought in from files, of whatever kind: from reading to forgetting.

-- name: insert_import(kind, made_by, file_name, content, headings, matches, notes)$
-- A file that was read; returns the id of its import.
insert into listing_imports (kind, made_by, file_name, content, headings, matches, notes)
values (:kind, :made_by, :file_name, :content, :headings, :matches, :notes)
returning id;

-- name: content(id, kinds)$
-- A file as it was sent; null once its import has ended, or where it is a list of another kind.
select content from listing_imports where id = :id and kind = any(:kinds::text []);

-- name: set_reading(id, headings, matches, notes)!
-- A file read in another way; its columns are to be matched anew.
update listing_imports set headings = :headings, matches = :matches, notes = :notes, state = 'matching' where id = :id;

-- name: delete_rows(import_id)!
-- Delete the rows of a file, to read it anew.
delete from listing_import_rows where import_id = :import_id;

-- name: insert_row(import_id, number, cells)*!
-- Its rows as they are in the file.
insert into listing_import_rows (import_id, number, cells) values (:import_id, :number, :cells);

-- name: import_with_counts(id, kinds)^
-- An import, with the number of rows of each outcome.
select
    listing_imports.id, listing_imports.kind, listing_imports.made_by, listing_imports.file_name, listing_imports.headings,
    listing_imports.matches, listing_imports.notes, listing_imports.starts_as, listing_imports.state,
    listing_imports.created_at, listing_imports.ended_at, listing_imports.told_at,
    listing_imports.content is not null as has_content, coalesce(people.name, 'Somebody who left') as by_name,
    counted.total, counted.new, counted.changed, counted.same, counted.refused, counted.doubtful,
    counted.written_new,
    counted.written_changed, counted.kept, counted.warned
from listing_imports
left join people on people.id = listing_imports.made_by
cross join lateral (
    select
        count(*) as total,
        count(*) filter (where outcome = 'new') as new,
        count(*) filter (where outcome = 'changed') as changed,
        count(*) filter (where outcome = 'same') as same,
        count(*) filter (where outcome = 'refused') as refused,
        count(*) filter (where outcome = 'doubtful') as doubtful,
        count(*) filter (where outcome = 'written' and says ->> 'was' = 'new') as written_new,
        count(*) filter (where outcome = 'written' and says ->> 'was' = 'changed') as written_changed,
        count(*) filter (where cells <> '{}') as kept,
        count(*) filter (
            where outcome <> 'refused' and jsonb_array_length(coalesce(nullif(says, '[]') -> 'warnings', '[]')) > 0
        ) as warned
    from listing_import_rows
    where listing_import_rows.import_id = listing_imports.id
) as counted
where listing_imports.id = :id and listing_imports.kind = any(:kinds::text []);

-- name: lock(id, kinds)^
-- An import of one of these kinds, locked until the end of the transaction.
select id, kind, made_by, file_name, headings, matches, notes, starts_as, state, told_at
from listing_imports where id = :id and kind = any(:kinds::text []) for no key update;

-- name: first_rows(import_id, how_many)
-- The first rows of a file: examples of what its columns hold.
select number, cells from listing_import_rows where import_id = :import_id order by number limit :how_many;

-- name: some_rows(import_id, columns, width, after, how_many)
-- The next rows of a file, in order, with the cells of some columns (from 1) and those beyond its width; others are empty.
select
    number,
    array(
        select case when place = any(:columns) or place > :width then cell else '' end
        from unnest(cells) with ordinality as placed (cell, place)
        order by place
    ) as cells,
    outcome, listing_id, seen_version, person_id, booking_id
from listing_import_rows where import_id = :import_id and number > :after order by number limit :how_many;

-- name: count_to_write(import_id)$
-- How many rows a confirmed import writes.
select count(*) from listing_import_rows where import_id = :import_id and outcome in ('new', 'changed');

-- name: page_of_rows(import_id, outcome, after, how_many)
-- A page of the rows of one outcome, with the listing each belongs to.
select rows.number, rows.cells, rows.says, rows.listing_id, rows.person_id, rows.booking_id,
    listings.name as listing_name
from listing_import_rows as rows left join listings on listings.id = rows.listing_id
where rows.import_id = :import_id and rows.outcome = :outcome
order by rows.number
offset :after limit :how_many;

-- name: warnings(import_id, how_many)
-- What was left out of the rows that come in, each once, with how many rows it is in and the first of them.
with each as (
    select
        warning ->> 'column' as column_name, warning ->> 'value' as value, warning ->> 'says' as says, number,
        row_number() over (partition by warning order by number) as place
    from listing_import_rows
    cross join lateral jsonb_array_elements(coalesce(nullif(says, '[]') -> 'warnings', '[]')) as warning
    where import_id = :import_id and outcome <> 'refused'
)

select
    each.column_name, each.value, each.says, count(*) as how_many,
    array_agg(each.number order by each.number) filter (where each.place <= 5) as numbers
from each
group by each.column_name, each.value, each.says
order by how_many desc, min(each.number)
limit :how_many;

-- name: unknown_words(import_id)
-- Words that nobody knows, by field, with how many rows each is in.
select word ->> 0 as key, word ->> 1 as word, count(*) as how_many
from listing_import_rows cross join lateral jsonb_array_elements(coalesce(nullif(says, '[]') -> 'unknown', '[]')) as word
where import_id = :import_id
group by 1, 2
order by how_many desc, key, word
limit 200;

-- name: harmless_headings(id, kinds)$
-- The headings of a file, made harmless for a spreadsheet.
select array(
    select harmless(each.heading) from unnest(headings) with ordinality as each (heading, place) order by place
)
from listing_imports where id = :id and kind = any(:kinds::text []);

-- name: refused_rows(import_id)
-- The refused rows with the reasons, made harmless for a spreadsheet.
select
    number,
    harmless(coalesce((
        select string_agg((fault ->> 'column') || ' · ' || (fault ->> 'says'), ' | ' order by place)
        from jsonb_array_elements(says -> 'faults') with ordinality as faults (fault, place)
    ), '')) as why,
    array(select harmless(each.cell) from unnest(cells) with ordinality as each (cell, place) order by place) as cells
from listing_import_rows where import_id = :import_id and outcome = 'refused' order by number;

-- name: set_matches(id, matches)!
-- The field each column fills; the import then has a preview.
update listing_imports set matches = :matches, state = 'preview' where id = :id;

-- name: set_state(id, state)!
-- The state of an import; done and dropped are final.
update listing_imports
set state = :state, ended_at = case when :state in ('done', 'dropped') then now() end,
    content = case when :state not in ('done', 'dropped') then content end
where id = :id;

-- name: all_imports(kinds, how_many)
-- The newest imports of these kinds, with the number of rows written and refused.
select
    listing_imports.id, listing_imports.kind, listing_imports.file_name, listing_imports.state, listing_imports.created_at,
    coalesce(people.name, 'Somebody who left') as by_name,
    (select count(*) from listing_import_rows where import_id = listing_imports.id) as total,
    (select count(*) from listing_import_rows where import_id = listing_imports.id and outcome = 'written') as written,
    (select count(*) from listing_import_rows where import_id = listing_imports.id and outcome = 'refused') as refused
from listing_imports left join people on people.id = listing_imports.made_by
where listing_imports.kind = any(:kinds::text [])
order by listing_imports.created_at desc
limit :how_many;

-- name: discard_old()!
-- Discard what nobody confirmed, or what could not be written, in 30 days.
update listing_imports set state = 'dropped', ended_at = now(), content = null
where state in ('matching', 'preview', 'writing') and created_at < now() - interval '30 days';

-- name: forget_cells()!
-- Delete the contents of files 30 days after their end; only the outcomes stay.
update listing_import_rows
set cells = '{}', says = jsonb_build_object('was', says -> 'was')
from listing_imports
where
    listing_imports.id = listing_import_rows.import_id and listing_imports.ended_at < now() - interval '30 days'
    and listing_import_rows.cells <> '{}';

-- name: forget_notes()!
-- Delete what the notes of a file hold of its rows, with their contents.
update listing_imports set notes = jsonb_build_object('says', array[]::text []), matches = matches - 'meanings' - 'answers'
where ended_at < now() - interval '30 days' and notes <> jsonb_build_object('says', array[]::text []);
