-- Empty the reasons that people wrote about somebody, their seats, passes, places in line, cash and mail, of every account of theirs.
-- Called before an erasure deletes what would say whose these are. The kinds are those of circles/store/audit.py.
create or replace function erase_event_reasons(person uuid, kinds text []) returns integer
language plpgsql
as $$
declare
    erased bigint [];
begin
    perform set_config('circles.erasing', 'on', true);
    with accounts as (
        select people.id, people.email from people where people.id = person or people.merged_into = person
    ), seats as (
        select bookings.id from bookings where bookings.person_id in (select accounts.id from accounts)
    ), walked_in as (
        select walk_ins.id from walk_ins where walk_ins.person_id in (select accounts.id from accounts)
    ), subjects as (
        select accounts.id from accounts
        union all
        select seats.id from seats
        union all
        select passes.id from passes where passes.person_id in (select accounts.id from accounts)
        union all
        select waits.id from waits where waits.person_id in (select accounts.id from accounts)
        union all
        select cash_rows.id from cash_rows where cash_rows.booking_id in (select seats.id from seats)
        union all
        select cash_rows.id from cash_rows where cash_rows.walk_in_id in (select walked_in.id from walked_in)
        union all
        select mails.id from mails where mails.person_id in (select accounts.id from accounts)
        union all
        select mails.id from mails where mails.to_address in (select accounts.email from accounts)
    ), emptied as (
        update events set why = ''
        where why <> '' and what = any(kinds) and about in (select subjects.id from subjects)
        returning id
    )
    select coalesce(array_agg(id), '{}') into erased from emptied;
    update event_links set salt = null, erased_for = person where event_id = any(erased) and salt is not null;
    perform set_config('circles.erasing', 'off', true);
    return cardinality(erased);
end
$$;
