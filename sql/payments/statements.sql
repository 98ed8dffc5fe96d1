-- name: first_movement()$
-- when the first money moved that a statement may count; null while there is none
select min(at) from (
    (select at from share_rows where statement_id is null order by at limit 1)
    union all
    (select at from cash_share_rows where statement_id is null order by at limit 1)
    union all
    (select at from pass_share_rows where statement_id is null order by at limit 1)
) as firsts;

-- name: last_closed()$
-- the last month that is closed
select max(month) from statement_months;

-- name: close_month(month, until)$
-- whether a month is closed by this call, and not before
insert into statement_months (month, until) values (:month, :until)
on conflict (month) do nothing
returning true;

-- name: add_statements(month, until, least, fewest, waits_since)
-- the statements of a month: a line for each circle and way to pay in which enough people have money that is in no statement yet, as
-- `least` people, or `fewest` where some of it moved before `waits_since`; returns whose they are,
-- of those with a part in it
with waiting as materialized (
    select * from unstated_shares where at < :until
), payers as (
    select facilitator_id, circle_id, currency, way, payer, sum(amount) as amount, min(at) as since
    from waiting group by facilitator_id, circle_id, currency, way, payer
), stated as (
    select facilitator_id, circle_id, currency, way, min(since) as since
    from payers
    group by facilitator_id, circle_id, currency, way
    having count(*) filter (where amount <> 0)
        >= case when min(since) < :waits_since::timestamptz then :fewest::int else :least::int end
), added as (
    insert into statements (facilitator_id, month, currency)
    select distinct facilitator_id, :month::date, currency from stated
    returning id, facilitator_id, currency
), counted as (
    select added.id as statement_id, added.currency, stated.since, waiting.circle_id, waiting.way, waiting.seats, waiting.amount, waiting.part,
        waiting.transferred, waiting.held, waiting.share_row_id, waiting.cash_row_id,
        waiting.pass_entry_id
    from waiting
    join stated on stated.facilitator_id = waiting.facilitator_id and stated.circle_id = waiting.circle_id
        and stated.currency = waiting.currency and stated.way = waiting.way
    join added on added.facilitator_id = waiting.facilitator_id and added.currency = waiting.currency
), fees as (
    select paid.statement_id, paid.circle_id, case when bool_and(payment_fees.fee is not null) then sum(payment_fees.fee) end as fees
    from (
        select distinct counted.statement_id, counted.circle_id, counted.currency, money_rows.checkout_id
        from counted
        join share_rows on share_rows.id = counted.share_row_id
        join money_rows on money_rows.id = share_rows.money_row_id and money_rows.kind = 'payment'
    ) as paid
    left join payment_fees on payment_fees.checkout_id = paid.checkout_id and payment_fees.currency = paid.currency
    group by paid.statement_id, paid.circle_id
), lines as (
    insert into statement_lines (statement_id, circle_id, way, seats, amount, fees, part, transferred, held, since)
    select
        counted.statement_id, counted.circle_id, counted.way, sum(seats), sum(amount),
        case when counted.way = 'card' then min(fees.fees) end, sum(part), sum(transferred), sum(held), min(since)
    from counted
    left join fees on fees.statement_id = counted.statement_id and fees.circle_id = counted.circle_id
    group by counted.statement_id, counted.circle_id, counted.way
), cards as (
    update share_rows set statement_id = counted.statement_id from counted where share_rows.id = counted.share_row_id
), cash as (
    update cash_share_rows set statement_id = counted.statement_id
    from counted where cash_share_rows.cash_row_id = counted.cash_row_id
), passes as (
    update pass_share_rows set statement_id = counted.statement_id
    from counted where pass_share_rows.entry_id = counted.pass_entry_id
)
select distinct people.id, people.name, people.email
from added join people on people.id = added.facilitator_id
where people.suspended_at is null
    and exists (select from counted where counted.statement_id = added.id and counted.part <> 0);

-- name: lock_payee(person)$
-- the person who is paid, locked, so that what is owed to them is noted as paid one after the other
select id from people where id = :person and merged_into is null for no key update;

-- name: owed(person, currency)^
-- what is owed to somebody: due by their statements less what was paid out, and what is in no statement yet
select
    (
        coalesce((
            select sum(lines.part - lines.transferred - lines.held)
            from statements join statement_lines as lines on lines.statement_id = statements.id
            where statements.facilitator_id = :person and statements.currency = :currency
        ), 0) - coalesce((
            select sum(amount) from hand_payouts where facilitator_id = :person and currency = :currency
        ), 0)
    )::bigint as due,
    coalesce((
        select sum(part - transferred - held) from unstated_shares
        where facilitator_id = :person and currency = :currency
    ), 0)::bigint as held_back;

-- name: is_noted(id)$
-- whether a payout was noted before
select exists (select from hand_payouts where id = :id);

-- name: add_payout(id, person, currency, amount, paid_on, way, reference, reason, corrects, actor_id)!
-- what was paid to somebody by hand, or its correction
insert into hand_payouts (id, facilitator_id, currency, amount, paid_on, way, reference, reason, corrects, noted_by)
values (:id, :person, :currency, :amount, :paid_on, :way, :reference, :reason, :corrects, :actor_id);

-- name: payout(id)^
-- a payout that was noted, with whose it is, and whether it was corrected
select
    hand_payouts.*, people.name, people.email,
    exists (select from hand_payouts as later where later.corrects = hand_payouts.id) as is_corrected
from hand_payouts join people on people.id = hand_payouts.facilitator_id
where hand_payouts.id = :id;

-- name: payee(id)^
-- somebody to whom money is or was owed
select people.id, people.name, people.email from people
where people.id = :id and (
    exists (select from payment_shares where facilitator_id = people.id)
    or exists (select from cash_shares where facilitator_id = people.id)
    or exists (select from pass_shares where facilitator_id = people.id)
);

-- name: other_organizers(person)$
-- how many organizers there are besides somebody
select count(*) from people
where is_organizer and suspended_at is null and merged_into is null and id <> :person;
