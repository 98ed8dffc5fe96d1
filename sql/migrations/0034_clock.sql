-- The clock a person reads times on, in hours: 12 for "6:30 pm", 24 for "18:30"; null while it is not known. Without a
-- choice of their own (clock_chosen) it is the one of their browser's language at the last sign-in, for mails.
alter table people
add column clock_hours smallint,
add column clock_chosen boolean not null default false,
add constraint person_clock_hours_known check (clock_hours in (12, 24)) not valid;
alter table people validate constraint person_clock_hours_known;

alter table sign_in_requests
add column clock_hours smallint,
add constraint sign_in_clock_hours_known check (clock_hours in (12, 24)) not valid;
alter table sign_in_requests validate constraint sign_in_clock_hours_known;
