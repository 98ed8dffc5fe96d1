-- What every room stands on: outgoing mail, event rows, limits. The queue's tables are pgqueuer's own.

create table mails (
    id uuid primary key default gen_random_uuid(),
    kind text not null,
    person_id uuid,
    to_address text not null,
    to_name text not null default '',
    subject text not null,
    text_body text not null,
    html_body text not null,
    calendar text,
    calendar_method text,
    message_id text not null,
    state text not null default 'waiting',
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    claimed_until timestamptz,
    constraint mail_state_known check (state in ('waiting', 'sent', 'refused')),
    constraint mail_sent_has_time check ((state = 'sent') = (sent_at is not null)),
    constraint mail_calendar_whole check ((calendar is null) = (calendar_method is null)),
    constraint mail_calendar_method_known check (calendar_method in ('REQUEST', 'CANCEL')),
    constraint mail_subject_one_line check (subject !~ '[[:cntrl:]]')
);
create index mails_created on mails (created_at desc);
create index mails_person on mails (person_id);

create table events (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    who uuid,
    what text not null,
    about uuid not null,
    before text not null default '',
    after text not null default '',
    why text not null default '',
    details jsonb not null default '{}'
);
create index events_about on events (about, id);
create index events_what on events (what, id);

-- Rows that record what happened are added, never changed.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end
$$;
create trigger events_append_only before update or delete on events
for each row execute function refuse_change();

create table limits (
    key text not null,
    window_start timestamptz not null,
    count integer not null,
    primary key (key, window_start)
);
create index limits_window on limits (window_start);

-- A cell that a spreadsheet would run as a formula gets an apostrophe in front (OWASP: CSV injection). Some read
-- the wide forms of these signs, U+FF1D U+FF0B U+FF0D U+FF20, as the signs themselves.
create function harmless(cell text) returns text language sql immutable parallel safe as $$
    select case when cell ~ '^\s*[-=+@\t\r\uFF1D\uFF0B\uFF0D\uFF20]' then '''' || cell else cell end
$$;
