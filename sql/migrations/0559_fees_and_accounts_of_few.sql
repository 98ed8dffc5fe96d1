-- What a statement says of accounts and of fees is of as many people as its totals.

-- A payment of which the part goes to a connected account is stated apart from those that the community collects (way `account`): with
-- both in one line, what an account got could be of one person.
-- squawk-ignore ban-drop-constraint
alter table statement_lines drop constraint statement_way_known;
alter table statement_lines add constraint statement_way_known check (way in ('card', 'account', 'cash')) not valid;
alter table statement_lines validate constraint statement_way_known;
-- squawk-ignore ban-drop-constraint
alter table statement_lines drop constraint statement_fees_of_cards;
alter table statement_lines add constraint statement_fees_of_cards check (way <> 'cash' or fees is null) not valid;
alter table statement_lines validate constraint statement_fees_of_cards;

-- hides_fees: fees follow from what was paid, before anything went back and without passes. Where that differs from the line's amount by
-- what too few people paid or got back, the fees would tell it: they stay out for good.
alter table statement_lines add column hides_fees boolean not null default false;
-- squawk-ignore require-concurrent-index-creation
create index statement_lines_with_fees_to_add on statement_lines (since) where way <> 'cash' and fees is null and not hides_fees;
-- squawk-ignore require-concurrent-index-deletion
drop index statement_lines_without_fees;

-- See 0550; with the way `account`.
create or replace view unstated_shares as
select
    share_rows.at, case when shares.account is null then 'card' else 'account' end as way, shares.circle_id, shares.facilitator_id, shares.currency,
    coalesce(people.merged_into, bookings.person_id) as payer, share_rows.amount, share_rows.part, share_rows.seats,
    0 as transferred, 0 as held,
    share_rows.id as share_row_id, null::uuid as cash_row_id, null::bigint as pass_entry_id,
    bookings.amount <= bookings.scale_minimum as is_least, bookings.amount >= bookings.scale_maximum as is_most,
    null::bigint as transfer_row_id
from share_rows
join payment_shares as shares on shares.id = share_rows.share_id
join bookings on bookings.id = shares.booking_id
join people on people.id = bookings.person_id
where share_rows.statement_id is null
union all
select
    rows.at, 'cash', shares.circle_id, shares.facilitator_id, shares.currency,
    coalesce(people.merged_into, bookings.person_id, walk_ins.person_id, walk_ins.id), rows.amount, rows.part, rows.seats,
    0, rows.amount, null, rows.cash_row_id, null, false, false, null
from cash_share_rows as rows
join cash_shares as shares on shares.id = rows.share_id
left join bookings on bookings.id = shares.booking_id
left join walk_ins on walk_ins.id = shares.walk_in_id
left join people on people.id = coalesce(bookings.person_id, walk_ins.person_id)
where rows.statement_id is null
union all
select
    rows.at, 'card', shares.circle_id, shares.facilitator_id, shares.currency,
    coalesce(people.merged_into, passes.person_id), rows.amount, rows.part, rows.seats,
    0, 0, null, null, rows.entry_id, passes.amount <= offers.minimum, passes.amount >= offers.maximum, null
from pass_share_rows as rows
join pass_shares as shares on shares.id = rows.share_id
join passes on passes.id = shares.pass_id
join pass_offers as offers on offers.id = passes.offer_id
join people on people.id = passes.person_id
where rows.statement_id is null
union all
select
    case when rows.kind = 'transfer' then least(rows.at, paid.at) else rows.at end, 'account', paid.circle_id,
    accounts.person_id, upper(rows.currency), paid.payer, 0, 0, 0::smallint,
    rows.amount, 0, null, null, null, null, null, rows.id
from transfer_rows as rows
join connect_accounts as accounts on accounts.id = rows.account_id
cross join lateral (
    select
        shares.circle_id, coalesce(people.merged_into, bookings.person_id) as payer,
        (select min(moved.at) from share_rows as moved where moved.share_id = shares.id) as at
    from payment_shares as shares
    join bookings on bookings.id = shares.booking_id
    join people on people.id = bookings.person_id
    where shares.checkout_id = rows.checkout_id
    order by shares.booking_id limit 1
) as paid
where rows.statement_id is null;
