-- What a connected account got is what Stripe moved: statements and the payout sheet read transfer_rows. A part of which the reversal was
-- refused, or that somebody reversed at Stripe's dashboard, is not what the part of its payment is.

-- statement_id: the statement that counts the row, as in share_rows.
alter table transfer_rows add column statement_id uuid;
-- squawk-ignore require-concurrent-index-creation
create index transfer_rows_not_stated on transfer_rows (at) where statement_id is null;
-- squawk-ignore require-concurrent-index-creation
create index transfer_rows_statement on transfer_rows (statement_id) where statement_id is not null;
drop trigger transfer_rows_append_only on transfer_rows;
create trigger transfer_rows_append_only before update or delete on transfer_rows
for each row execute function keep_share_row();

-- See 0499; transferred: what went to an account, less what came back. A transfer counts with the payment it came with, even where
-- Stripe notes it a moment later, so that no month ends between the two. It is nobody's payment: amount is 0, so it adds no payer.
create or replace view unstated_shares as
select
    share_rows.at, 'card' as way, shares.circle_id, shares.facilitator_id, shares.currency,
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
    case when rows.kind = 'transfer' then least(rows.at, paid.at) else rows.at end, 'card', paid.circle_id,
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
