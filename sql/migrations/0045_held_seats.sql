-- Whether somebody may have one more seat held, of so many at a time. It locks the person's count until the transaction ends,
-- so that requests which run at the same time take turns; being volatile, it sees what was committed while it waited,
-- which its caller's own statement does not. Called once the gathering's row is locked: always in this order.
create function may_hold_another(person uuid, most integer) returns boolean language plpgsql volatile as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('held seats of ' || person, 0));
    return (select count(*) from bookings where bookings.person_id = person and bookings.state = 'held') < most;
end
$$;

-- payment_differs: Stripe answered otherwise than was asked, and a person settled it.
-- squawk-ignore ban-drop-constraint
alter table bookings drop constraint booking_end_cause_known;
-- squawk-ignore constraint-missing-not-valid
alter table bookings add constraint booking_end_cause_known check (
    end_cause in (
        '', 'by_member', 'by_host', 'gathering_cancelled', 'not_paid', 'let_go', 'no_checkout', 'paid_late',
        'payment_differs'
    )
);
