-- Organizers invite somebody by mail to be a facilitator. The token is in the mail alone.
create table facilitator_invitations (
    id uuid primary key default gen_random_uuid(),
    email text not null,
    token_hash bytea not null,
    state text not null default 'open',
    invited_by uuid references people (id) on delete set null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '14 days',
    answered_by uuid references people (id) on delete set null,
    ended_at timestamptz,
    constraint facilitator_invitation_token_once unique (token_hash),
    constraint facilitator_invitation_state_known check (state in ('open', 'accepted', 'declined', 'withdrawn')),
    constraint facilitator_invitation_ended check ((state = 'open') = (ended_at is null))
);
create unique index facilitator_invitation_once on facilitator_invitations (email) where state = 'open';
create index facilitator_invitations_open on facilitator_invitations (created_at, id) where state = 'open';
create index facilitator_invitations_invited_by on facilitator_invitations (invited_by);
create index facilitator_invitations_answered_by on facilitator_invitations (answered_by);
