-- name: months(most)
-- the months whose statements were made, the latest first
select month from statement_months order by month desc limit :most;

-- name: sheet(month, ends, after, after_currency, limit)
-- what was due to each facilitator by the statements up to a month, less what was paid out by hand until its last day, and what was
-- paid out since; after: the last person of the page before, with the currency of their line
with owed as (
    select facilitator_id, currency, sum(due)::bigint as due, sum(paid_since)::bigint as paid_since
    from (
        select
            statements.facilitator_id, statements.currency, lines.part - lines.transferred - lines.held as due, 0 as paid_since
        from statements join statement_lines as lines on lines.statement_id = statements.id
        where statements.month <= :month
        union all
        select
            facilitator_id, currency, case when paid_on <= :ends then - amount else 0 end,
            case when paid_on > :ends then amount else 0 end
        from hand_payouts
    ) as moved
    group by facilitator_id, currency
    having sum(due) <> 0 or sum(paid_since) <> 0
)
select
    people.id, people.name, people.email, owed.currency, owed.due, owed.paid_since,
    owed.due - owed.paid_since as still_due,
    array(
        select circles.name from circles
        where circles.id in (
            select lines.circle_id from statements join statement_lines as lines on lines.statement_id = statements.id
            where statements.facilitator_id = people.id and statements.currency = owed.currency and statements.month = :month
        )
        order by circles.name_key, circles.id
    ) as circles
from owed join people on people.id = owed.facilitator_id
where :after::uuid is null or (people.name_key, people.id, owed.currency) > (
    select former.name_key, former.id, :after_currency::text from people as former where former.id = :after
)
order by people.name_key, people.id, owed.currency
limit :limit;

-- name: sums(month, ends)
-- the sums of the sheet, by currency: what was due to facilitators, and what they had more than was due
select
    currency, sum(greatest(due, 0))::bigint as due, sum(least(due, 0))::bigint as over, sum(paid_since)::bigint as paid_since
from (
    select facilitator_id, currency, sum(due) as due, sum(paid_since) as paid_since
    from (
        select
            statements.facilitator_id, statements.currency, lines.part - lines.transferred - lines.held as due, 0 as paid_since
        from statements join statement_lines as lines on lines.statement_id = statements.id
        where statements.month <= :month
        union all
        select
            facilitator_id, currency, case when paid_on <= :ends then - amount else 0 end,
            case when paid_on > :ends then amount else 0 end
        from hand_payouts
    ) as moved
    group by facilitator_id, currency
) as owed
group by currency order by currency;

-- name: payouts(person, currency, most)
-- what was noted as paid out to somebody, the latest first
select
    rows.id, rows.at, rows.paid_on, rows.amount, rows.currency, rows.way, rows.reference, rows.reason, rows.corrects,
    coalesce(noter.name, 'Somebody who left') as noted_by,
    exists (select from hand_payouts as later where later.corrects = rows.id) as is_corrected
from hand_payouts as rows left join people as noter on noter.id = rows.noted_by
where rows.facilitator_id = :person and rows.currency = :currency
order by rows.at desc, rows.id limit :most;

-- name: payee(person)^
-- somebody to whom money is or was owed
select people.id, people.name from people
where people.id = :person and (
    exists (select from payment_shares where facilitator_id = people.id)
    or exists (select from cash_shares where facilitator_id = people.id)
    or exists (select from pass_shares where facilitator_id = people.id)
    or exists (select from hand_payouts where facilitator_id = people.id)
);

-- name: payout(id)^
-- a payout that can be taken back
select rows.id, rows.paid_on, rows.amount, rows.currency, rows.facilitator_id, people.name
from hand_payouts as rows join people on people.id = rows.facilitator_id
where rows.id = :id and rows.amount > 0
    and not exists (select from hand_payouts as later where later.corrects = rows.id);
