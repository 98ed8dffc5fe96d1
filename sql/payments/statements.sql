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
-- the statements of a month: a line for each circle and way to pay in which enough people have money that is in no statement yet:
-- `least` people, not all of whom paid the least or the most that they could; or `fewest` people where some of it moved before
-- `waits_since`. Returns whose they are, of those with a part in it
with waiting as materialized (
    select * from unstated_shares where at < :until
), payers as (
    select
        facilitator_id, circle_id, currency, way, payer, sum(amount) as amount, min(at) as since,
        bool_and(is_least) as is_least, bool_and(is_most) as is_most
    from waiting group by facilitator_id, circle_id, currency, way, payer
), stated as (
    select facilitator_id, circle_id, currency, way, min(since) as since
    from payers
    group by facilitator_id, circle_id, currency, way
    having count(*) filter (where amount <> 0)
        >= case when min(since) < :waits_since::timestamptz then :fewest::int else :least::int end
        and (
            not bool_and(is_least) and not bool_and(is_most) or bool_and(is_least and is_most)
            or min(since) < :waits_since::timestamptz
        )
), added as (
    insert into statements (facilitator_id, month, currency)
    select distinct facilitator_id, :month::date, currency from stated
    returning id, facilitator_id, currency
), counted as (
    select added.id as statement_id, stated.since, waiting.payer, waiting.circle_id, waiting.way, waiting.seats, waiting.amount, waiting.part,
        waiting.transferred, waiting.held, waiting.share_row_id, waiting.cash_row_id,
        waiting.pass_entry_id, waiting.transfer_row_id
    from waiting
    join stated on stated.facilitator_id = waiting.facilitator_id and stated.circle_id = waiting.circle_id
        and stated.currency = waiting.currency and stated.way = waiting.way
    join added on added.facilitator_id = waiting.facilitator_id and added.currency = waiting.currency
), lines as (
    insert into statement_lines (statement_id, circle_id, way, seats, amount, fees, part, transferred, held, since, hides_fees)
    select
        statement_id, circle_id, way, sum(seats), sum(amount), null, sum(part), sum(transferred), sum(held), min(since),
        way <> 'cash' and (
            count(distinct payer) filter (where share_row_id is not null and amount > 0) < min(enough.people)
            or count(distinct payer) filter (where share_row_id is not null and amount < 0) between 1 and min(enough.people) - 1
            or count(distinct payer) filter (where pass_entry_id is not null) between 1 and min(enough.people) - 1
        )
    from counted
    cross join lateral (
        select case when counted.since < :waits_since::timestamptz then :fewest::int else :least::int end as people
    ) as enough
    group by statement_id, circle_id, way
), cards as (
    update share_rows set statement_id = counted.statement_id from counted where share_rows.id = counted.share_row_id
), cash as (
    update cash_share_rows set statement_id = counted.statement_id
    from counted where cash_share_rows.cash_row_id = counted.cash_row_id
), passes as (
    update pass_share_rows set statement_id = counted.statement_id
    from counted where pass_share_rows.entry_id = counted.pass_entry_id
), transfers as (
    update transfer_rows set statement_id = counted.statement_id
    from counted where transfer_rows.id = counted.transfer_row_id
)
select distinct people.id, people.name, people.email
from added join people on people.id = added.facilitator_id
where people.suspended_at is null and people.email not like '%@gone.invalid'
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

-- name: add_fees(most)!
-- Stripe's fees of the payments that lines of statements count, once all of them are known, and unless they would tell too much
with lines as (
    select statement_lines.statement_id, statement_lines.circle_id, statement_lines.way, statements.currency
    from statement_lines join statements on statements.id = statement_lines.statement_id
    where statement_lines.way <> 'cash' and statement_lines.fees is null and not statement_lines.hides_fees
    order by statement_lines.since limit :most
), paid as (
    select distinct lines.statement_id, lines.circle_id, lines.way, lines.currency, money_rows.checkout_id
    from lines
    join share_rows on share_rows.statement_id = lines.statement_id
    join payment_shares as shares on shares.id = share_rows.share_id and shares.circle_id = lines.circle_id
        and (shares.account is null) = (lines.way = 'card')
    join money_rows on money_rows.id = share_rows.money_row_id and money_rows.kind = 'payment'
), known as (
    select paid.statement_id, paid.circle_id, paid.way, sum(fees.fee) as fees
    from paid
    left join lateral (
        select sum(transactions.fee) as fee from balance_transactions as transactions
        where transactions.checkout_id = paid.checkout_id and transactions.currency = paid.currency
    ) as fees on true
    group by paid.statement_id, paid.circle_id, paid.way
    having bool_and(fees.fee is not null)
)
update statement_lines set fees = known.fees
from known
where statement_lines.statement_id = known.statement_id and statement_lines.circle_id = known.circle_id
    and statement_lines.way = known.way and statement_lines.fees is null;
