-- Invitations by mail to make an account, and addresses that asked for no such mail.

create table account_invitations (
    id uuid primary key default gen_random_uuid(),
    -- Those that were sent together.
    batch uuid not null,
    email text not null,
    circle_id uuid,
    invited_by uuid,
    state text not null default 'waiting',
    created_at timestamptz not null default now(),
    -- When it was sent, withdrawn, or left unsent since its address wants no such mail.
    ended_at timestamptz,
    constraint account_invitation_of_circle foreign key (circle_id) references circles (id) on delete set null,
    constraint account_invitation_by_somebody foreign key (invited_by) references people (id) on delete set null,
    constraint account_invitation_state_known check (state in ('waiting', 'sent', 'withdrawn', 'unwanted')),
    constraint account_invitation_ended check ((state = 'waiting') = (ended_at is null)),
    constraint account_invitation_once_in_a_batch unique (batch, email)
);
create index account_invitations_created on account_invitations (created_at desc, id);
create index account_invitations_email on account_invitations (email);
create index account_invitations_waiting on account_invitations (created_at, id) where state = 'waiting';
create index account_invitations_circle on account_invitations (circle_id) where circle_id is not null;
create index account_invitations_invited_by on account_invitations (invited_by);

-- Addresses that asked for no invitation, as a hash of each: they stay out though their account is erased.
create table unwanted_mail (
    address_hash bytea primary key,
    since timestamptz not null default now()
);
