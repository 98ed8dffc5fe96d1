-- What hosts write to those booked when they change a gathering; it stands in each mail about the change.
create table change_lines (
    id bigint generated always as identity primary key,
    gathering_id uuid not null references gatherings (id) on delete cascade,
    line text not null,
    written_by uuid references people (id) on delete set null,
    written_at timestamptz not null default now(),
    constraint change_line_length check (char_length(line) between 1 and 500)
);
create index change_lines_gathering on change_lines (gathering_id, id);
create index change_lines_written_by on change_lines (written_by);
create index change_lines_written_at on change_lines (written_at);

-- The last of them that a mail of this invite had.
alter table invites add last_line bigint not null default 0;
