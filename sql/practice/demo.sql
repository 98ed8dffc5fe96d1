-- name: is_new()$
-- whether nobody is here yet
select not exists (select from people);

-- name: keep_others_out()!
-- two who plant at once take turns, and the second finds somebody here
lock table people in share row exclusive mode;

-- name: tell_facts()!
-- every invite told what its booking knows
update invites set told = bookings.known
from bookings
where bookings.gathering_id = invites.gathering_id and bookings.person_id = invites.person_id
    and bookings.state = 'confirmed';

-- name: pay_out()!
-- the largest amount that is due by the statements was paid out three days after they were made, as the organizer noted
with due as (
    select statements.facilitator_id, statements.currency, sum(lines.part - lines.transferred - lines.held) as amount
    from statements join statement_lines as lines on lines.statement_id = statements.id
    group by statements.facilitator_id, statements.currency
    order by 3 desc limit 1
), noted as (
    insert into hand_payouts (id, facilitator_id, currency, amount, paid_on, way, reference, noted_by)
    select
        gen_random_uuid(), due.facilitator_id, due.currency, due.amount,
        least((select max(month) from statement_months) + interval '1 month 4 days', now())::date, 'Bank transfer', 'No. 2041',
        (select people.id from people where people.is_organizer order by people.created_at, people.id limit 1)
    from due where due.amount > 0
    returning id, facilitator_id, noted_by, at
)
insert into events (what, about, who, at, details)
select 'payout.noted', facilitator_id, noted_by, at, jsonb_build_object('payout', id) from noted;

-- name: payment_to_dispute()$
-- the newest payment of a gathering that was over for a week, of which nothing went back, by its id at Stripe
select checkouts.payment_intent
from checkouts
join bookings on bookings.id = checkouts.booking_id
join gatherings on gatherings.id = bookings.gathering_id
where checkouts.state = 'paid' and gatherings.ends_at < now() - interval '7 days'
    and not exists (
        select from money_rows where money_rows.checkout_id = checkouts.id and money_rows.kind <> 'payment'
    )
order by gatherings.ends_at desc, checkouts.payment_intent limit 1;
