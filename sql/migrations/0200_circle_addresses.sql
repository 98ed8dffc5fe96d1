-- Short addresses of circles, which their hosts choose. A former one still leads to its circle, and never to another.

create table circle_addresses (
    slug text primary key,
    circle_id uuid not null references circles (id) on delete cascade,
    is_current boolean not null default true,
    chosen_by uuid references people (id) on delete set null,
    chosen_at timestamptz not null default now(),
    constraint circle_address_form check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) between 3 and 40)
);
create unique index circle_address_current on circle_addresses (circle_id) where is_current;
create index circle_addresses_circle on circle_addresses (circle_id);
create index circle_addresses_chosen_by on circle_addresses (chosen_by);
