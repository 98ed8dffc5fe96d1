-- What organizers send to Stripe about a dispute: evidence, or that it is accepted as lost.

-- Written before the call, with its words and its key; sent by a job. request: what leaves, field by field. state: due, done, or
-- failed, when Stripe refused it (fault: its code). reason: why a dispute is accepted, for the organizers alone.
create table dispute_answers (
    id uuid primary key default gen_random_uuid(),
    dispute_id text not null references disputes (stripe_id),
    kind text not null,
    request jsonb not null default '{}',
    reason text not null default '',
    state text not null default 'due',
    fault text not null default '',
    asked_by uuid references people (id) on delete set null,
    asked_at timestamptz not null default clock_timestamp(),
    done_at timestamptz,
    constraint dispute_answer_kind_known check (kind in ('evidence', 'accept')),
    constraint dispute_answer_state_known check (state in ('due', 'done', 'failed')),
    constraint dispute_answer_done_has_time check ((state = 'done') = (done_at is not null)),
    constraint dispute_accepted_with_reason check (kind <> 'accept' or reason <> ''),
    constraint dispute_answer_reason_length check (char_length(reason) <= 1000)
);
create unique index dispute_answer_once_due on dispute_answers (dispute_id) where state = 'due';
create index dispute_answers_dispute on dispute_answers (dispute_id, asked_at);
create index dispute_answers_asked_by on dispute_answers (asked_by);
create index dispute_answers_due on dispute_answers (asked_at) where state = 'due';

-- What organizers were told of a dispute by mail: that it was opened, that it is due soon, how it ended.
create table dispute_notices (
    dispute_id text not null references disputes (stripe_id),
    kind text not null,
    told_at timestamptz not null default clock_timestamp(),
    primary key (dispute_id, kind),
    constraint dispute_notice_kind_known check (kind in ('opened', 'due', 'closed'))
);
insert into dispute_notices (dispute_id, kind)
select stripe_id, 'opened' from disputes
union all
select stripe_id, 'closed' from disputes where closed_at is not null;

-- squawk-ignore require-concurrent-index-creation
create index disputes_closed on disputes (closed_at desc, stripe_id desc) where closed_at is not null;
