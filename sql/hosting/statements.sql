-- name: terms_of_lead(person)
-- the circles that somebody leads: their terms now and from the next change on, their scale, and whether money of a closed month
-- is in no statement yet
select
    circles.id, circles.name, circles.currency, circles.minimum, circles.suggested, circles.maximum,
    terms.percent, terms.flat, terms.at_most, ahead.starts_at as changes_at,
    later.percent as later_percent, later.flat as later_flat, later.at_most as later_at_most,
    exists (
        select from payment_shares as shares join share_rows as moved on moved.share_id = shares.id
        where shares.facilitator_id = :person and shares.circle_id = circles.id and moved.statement_id is null
            and moved.at < (select max(statement_months.until) from statement_months)
    ) as waits
from hosts
join circles on circles.id = hosts.circle_id and circles.state not in ('draft', 'archived') and circles.maximum > 0
left join lateral terms_of(circles.id, circles.currency, now()) as terms on true
left join lateral (
    select min(share_terms.starts_at) as starts_at from share_terms
    where (share_terms.circle_id = circles.id or (share_terms.circle_id is null and terms.circle_id is null))
        and share_terms.currency = circles.currency and share_terms.starts_at > now()
) as ahead on true
left join lateral terms_of(circles.id, circles.currency, ahead.starts_at) as later on true
where hosts.person_id = :person and hosts.part = 'lead'
order by circles.name_key, circles.id;

-- name: months_of(person)
-- the months of somebody's statements, the latest first, with what each adds
select
    statements.month, statements.currency, sum(lines.seats)::bigint as seats, sum(lines.amount)::bigint as amount,
    sum(lines.part)::bigint as part, sum(lines.part - lines.transferred - lines.held)::bigint as due
from statements join statement_lines as lines on lines.statement_id = statements.id
where statements.facilitator_id = :person
group by statements.month, statements.currency
order by statements.month desc, statements.currency;

-- name: payouts_of(person)
-- what was noted as paid out to somebody by hand, the latest first, with their sum in each currency
select
    rows.paid_on, rows.amount, rows.currency, rows.way, rows.reference, rows.corrects,
    sum(rows.amount) over (partition by rows.currency)::bigint as total
from hand_payouts as rows
where rows.facilitator_id = :person
order by rows.at desc, rows.id;

-- name: lines_of(person, month)
-- the lines of somebody's statements of a month, by circle and way to pay
select
    statements.currency, circles.name as circle_name, harmless(circles.name) as circle_cell, lines.way,
    sum(lines.seats)::bigint as seats, sum(lines.amount)::bigint as amount,
    case when bool_and(lines.fees is not null) then sum(lines.fees)::bigint end as fees,
    sum(lines.part)::bigint as part, sum(lines.transferred)::bigint as transferred, sum(lines.held)::bigint as held,
    sum(lines.part - lines.transferred - lines.held)::bigint as due, min(lines.since) as since
from statements
join statement_lines as lines on lines.statement_id = statements.id
join circles on circles.id = lines.circle_id
where statements.facilitator_id = :person and statements.month = :month
group by statements.currency, circles.id, lines.way
order by statements.currency, circles.name_key, circles.id, lines.way;

-- name: carried(person, month, begins, ends)
-- by currency: what was due before a month, and what was paid out by hand before it, and in it; begins, ends: its first and last day
select currency, (sum(due) - sum(paid_before))::bigint as carried, sum(paid)::bigint as paid
from (
    select statements.currency, lines.part - lines.transferred - lines.held as due, 0 as paid_before, 0 as paid
    from statements join statement_lines as lines on lines.statement_id = statements.id
    where statements.facilitator_id = :person and statements.month < :month
    union all
    select
        currency, 0, case when paid_on < :begins then amount else 0 end, case when paid_on >= :begins then amount else 0 end
    from hand_payouts where facilitator_id = :person and paid_on <= :ends
    union all
    select statements.currency, 0, 0, 0 from statements
    where statements.facilitator_id = :person and statements.month = :month
) as moved
group by currency order by currency;

-- name: closed_month(month)^
-- a month whose statements were made
select month, until, closed_at from statement_months where month = :month;
