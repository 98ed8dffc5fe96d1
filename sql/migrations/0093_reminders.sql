-- Reminders by mail before a gathering, and which of them each person chose.

-- Which reminders somebody gets, and whether their calendar entries have alarms at the same times.
alter table people
add remind_day boolean not null default true,
add remind_hour boolean not null default false,
add calendar_alarms boolean not null default false;

-- Where one request switches such mails off (RFC 8058); empty: there is no list to leave.
alter table mails add unsubscribe_url text not null default '';

-- A reminder that is planned (sent_at is null) or was sent. One that is of no use when its turn comes is deleted.
create table reminders (
    id bigint generated always as identity primary key,
    booking_id uuid not null references bookings (id) on delete cascade,
    kind text not null,
    -- The start that it reminds of: a gathering that moves is another reminder.
    starts_at timestamptz not null,
    -- Those planned together are sent by one job.
    batch uuid not null,
    planned_at timestamptz not null default now(),
    sent_at timestamptz,
    mail_id uuid references mails (id) on delete set null,
    constraint reminder_kind_known check (kind in ('day', 'hour')),
    constraint reminder_once unique (booking_id, kind, starts_at)
);
create index reminders_planned on reminders (batch) where sent_at is null;
create index reminders_starts_at on reminders (starts_at);
create index reminders_mail on reminders (mail_id) where mail_id is not null;

-- Whether somebody who has a confirmed seat wants this reminder now, and the gathering still begins then.
create function reminder_holds(reminder reminders) returns boolean
language sql stable
as $$
    select exists (
        select from bookings
        join people on people.id = bookings.person_id
        join gatherings on gatherings.id = bookings.gathering_id
        where bookings.id = reminder.booking_id and bookings.state = 'confirmed'
            and case reminder.kind when 'day' then people.remind_day else people.remind_hour end
            and gatherings.state = 'open' and gatherings.starts_at = reminder.starts_at
            and gatherings.starts_at > now()
    )
$$;

-- The same of the reminder that a mail is, when it is about to leave.
create function reminder_mail_holds(mail uuid) returns boolean
language sql stable
as $$
    select exists (select from reminders where reminders.mail_id = mail and reminder_holds(reminders))
$$;
