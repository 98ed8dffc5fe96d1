-- Hosts by invitation, a stand-in for one date, and what a facilitator's page says.

-- Somebody is asked, by mail, to help hold a circle, or to stand in at one gathering.
create table host_invitations (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid not null references circles (id) on delete cascade,
    gathering_id uuid references gatherings (id) on delete cascade,
    email text not null,
    part text not null,
    token_hash bytea not null,
    state text not null default 'open',
    invited_by uuid references people (id) on delete set null,
    answered_by uuid references people (id) on delete set null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    constraint host_invitation_email_tidy check (
        email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'
    ),
    constraint host_invitation_part_known check (part in ('co', 'helper', 'stand_in')),
    constraint host_invitation_stand_in_has_gathering check ((part = 'stand_in') = (gathering_id is not null)),
    constraint host_invitation_state_known check (state in ('open', 'accepted', 'declined', 'withdrawn')),
    constraint host_invitation_ended_has_time check ((state = 'open') = (ended_at is null))
);
create unique index host_invitation_token_once on host_invitations (token_hash);
-- One open invitation for a person to a circle, and one to each gathering.
create unique index host_invitation_once on host_invitations (
    circle_id, email, coalesce(gathering_id, '00000000-0000-0000-0000-000000000000')
) where state = 'open';
create index host_invitations_email on host_invitations (email);

-- Who holds one gathering in the place of its circle's hosts.
create table stand_ins (
    gathering_id uuid primary key references gatherings (id) on delete cascade,
    person_id uuid not null references people (id) on delete cascade,
    added_by uuid references people (id) on delete set null,
    created_at timestamptz not null default now()
);
create index stand_ins_person on stand_ins (person_id);

-- What a facilitator says of the way they hold a circle, and the languages they hold it in.
alter table people add column approach text not null default '';
alter table people add column languages text not null default '';
alter table people add constraint person_approach_length check (char_length(approach) <= 3000);
alter table people add constraint person_languages_length check (char_length(languages) <= 120);

-- Where a credential can be looked up, and when an organizer saw it. A change of it takes the mark away.
alter table credentials add column link text not null default '';
alter table credentials add column version integer not null default 1;
alter table credentials add column seen_at timestamptz;
alter table credentials add column seen_by uuid references people (id) on delete set null;
alter table credentials add constraint credential_link_form check (
    link = '' or (link ~ '^https://[^[:space:]]+$' and char_length(link) <= 500)
);

-- A facilitator's picture, made anew from what they sent, so that nothing but the picture is in it.
create table pictures (
    person_id uuid primary key references people (id) on delete cascade,
    hash text not null,
    jpeg bytea not null,
    created_at timestamptz not null default now(),
    constraint picture_hash_form check (hash ~ '^[0-9a-f]{32}$'),
    constraint picture_size check (octet_length(jpeg) between 1 and 500000)
);
create index pictures_hash on pictures (hash);
