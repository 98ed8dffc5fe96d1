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

-- name: add_of_walk_in(id, walk_in, amount, currency, actor_id)!
-- cash that a walk-in paid
insert into cash_rows (id, walk_in_id, kind, amount, currency, noted_by)
values (:id, :walk_in, 'received', :amount, :currency, :actor_id);

-- name: correct_walk_in(walk_in, actor_id, note)
-- a correction that brings what is noted of a walk-in to 0; nothing where it is 0
insert into cash_rows (id, walk_in_id, kind, amount, currency, noted_by, note)
select gen_random_uuid(), :walk_in, 'correction', -sum(amount), currency, :actor_id, :note
from cash_rows where walk_in_id = :walk_in
group by currency having sum(amount) <> 0
returning id;

-- name: page(after, limit, offset, most)
-- one page of all cash, the latest first, with whose it was and who noted it; after: the last row of the page before; total counts
-- them all, up to `most`
with start as (
    select coalesce(max(at), 'infinity') as at from cash_rows where id = :after
), page as (
    select cash_rows.* from cash_rows
    where (cash_rows.at, cash_rows.id)
        < ((select at from start), coalesce(:after, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
    order by cash_rows.at desc, cash_rows.id desc
    limit :limit offset :offset
)
select
    page.id, page.at, page.booking_id, page.kind, page.amount, page.currency, page.note,
    coalesce(noter.name, 'Somebody who left') as noted_by, gatherings.starts_at, gatherings.zone,
    circles.name as circle_name, coalesce(people.name, nullif(walk_ins.name, ''), 'Somebody') as name,
    (select count(*) from (select from cash_rows limit :most) as counted) as total
from page
left join bookings on bookings.id = page.booking_id
left join walk_ins on walk_ins.id = page.walk_in_id
left join people on people.id = coalesce(bookings.person_id, walk_ins.person_id)
left join people as noter on noter.id = page.noted_by
join gatherings on gatherings.id = coalesce(bookings.gathering_id, walk_ins.gathering_id)
join circles on circles.id = gatherings.circle_id
order by page.at desc, page.id desc;

-- name: sums(since)
-- all cash that was noted since then, by currency
select currency, sum(amount)::bigint as amount from cash_rows where at >= :since group by currency order by currency;
