-- name: is_noted(id)$
-- whether a row of cash is there already
select exists (select from cash_rows where id = :id);

-- name: balance(booking)$
-- the cash that is noted of a booking, less what was given back
select coalesce(sum(amount), 0)::bigint from cash_rows where booking_id = :booking;

-- name: add(id, booking, kind, amount, currency, actor_id, note)!
-- one row of the ledger of cash
insert into cash_rows (id, booking_id, kind, amount, currency, noted_by, note)
values (:id, :booking, :kind, :amount, :currency, :actor_id, :note);
