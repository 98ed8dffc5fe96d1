-- What a community says of itself: append-only versions, the newest of which is in force. While there is none, the
-- values of the environment are.

-- Pictures beside its name. A version names its logo, so that an older one can be put back.
create table community_logos (
    hash text primary key,
    png bytea not null,
    width integer not null,
    height integer not null,
    sent_by uuid references people (id),
    sent_at timestamptz not null default clock_timestamp(),
    constraint logo_is_not_empty check (octet_length(png) > 0 and width > 0 and height > 0)
);

create table community_versions (
    number integer primary key,
    id uuid not null default gen_random_uuid(),
    community_name text not null,
    mail_name text not null,
    calendar_name text not null,
    statement_name text not null,
    contact_address text not null default '',
    crisis_lines jsonb not null,
    accent text not null,
    ground text not null,
    accent_dark text not null,
    ground_dark text not null,
    logo text references community_logos (hash),
    currency text not null,
    minimum integer not null,
    suggested integer not null,
    maximum integer not null,
    refund_hours integer not null,
    late_refund_percent integer not null,
    zone text not null default '',
    asks text [] not null,
    mail_footer text not null default '',
    put_back integer references community_versions (number),
    why text not null default '',
    published_by uuid references people (id),
    published_at timestamptz not null default clock_timestamp(),
    constraint community_versions_count_up check (number >= 1),
    constraint community_has_names check (
        community_name <> '' and mail_name <> '' and calendar_name <> '' and statement_name <> ''
    ),
    constraint community_always_has_a_crisis_line check (
        jsonb_typeof(crisis_lines) = 'array' and jsonb_array_length(crisis_lines) >= 1
    ),
    constraint community_colors_are_colors check (
        concat(accent, ground, accent_dark, ground_dark) ~ '^(#[0-9a-f]{6}){4}$'
    ),
    constraint community_scale_in_order check (0 <= minimum and minimum <= suggested and suggested <= maximum),
    constraint community_terms_within_range check (
        refund_hours between 0 and 720 and late_refund_percent between 0 and 100
    ),
    constraint community_puts_back_an_older_version check (put_back < number)
);
create trigger community_versions_append_only before update or delete on community_versions
for each row execute function refuse_change();
create index community_versions_logo on community_versions (logo);
create index community_versions_published_by on community_versions (published_by);
create index community_versions_put_back on community_versions (put_back);
create index community_logos_sent_by on community_logos (sent_by);
