-- A community seat that a list brought has no agreement to the guidelines yet, like a seat that a host gave.

-- squawk-ignore ban-drop-constraint
alter table bookings drop constraint booking_paid_with_acceptance;
alter table bookings add constraint booking_paid_with_acceptance check (
    acceptance_id is not null or kind in ('free', 'community')
) not valid;
alter table bookings validate constraint booking_paid_with_acceptance;
