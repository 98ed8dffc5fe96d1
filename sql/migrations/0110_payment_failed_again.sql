-- 0084 names the causes of an end without the one of 0075. Whatever is named by then stays, and payment_failed is one of them.
do $$
declare
    known text := (
        select pg_get_expr(conbin, conrelid) from pg_constraint
        where conname = 'booking_end_cause_known' and conrelid = 'bookings'::regclass
    );
begin
    if known not like '%payment_failed%' then
        alter table bookings drop constraint booking_end_cause_known;
        execute format(
            'alter table bookings add constraint booking_end_cause_known check ((%s) or end_cause = %L)',
            known, 'payment_failed'
        );
    end if;
end
$$;
