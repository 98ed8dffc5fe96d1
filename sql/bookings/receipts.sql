-- name: mine(person_id, before, most)
-- a person's receipts with what was paid and what went back (minor units), the newest first; before: the last number of the page before
select
    receipts.id, receipts.number, receipts.name, receipts.discreet_name, receipts.currency, receipts.at, sums.paid, sums.back
from receipts
cross join lateral (
    select
        coalesce(sum(lines.amount) filter (where lines.kind in ('payment', 'cash')), 0)::bigint as paid,
        coalesce(-sum(lines.amount) filter (where lines.kind not in ('payment', 'cash')), 0)::bigint as back
    from receipt_lines as lines where lines.receipt_id = receipts.id
) as sums
where receipts.person_id = :person_id and (:before::bigint is null or receipts.number < :before)
order by receipts.number desc limit :most;

-- name: first_at(person_id)$
-- when a person's first payment arrived
select at from receipts where person_id = :person_id order by number limit 1;

-- name: receipt(id, person_id)^
-- one receipt of a person with all of its lines, oldest first, and what it paid for. person_id: null for an organizer's page
select
    receipts.id, receipts.name, receipts.person_id, receipts.discreet_name, receipts.currency, receipts.at,
    receipts.checkout_id, receipts.checkout_id is null as is_cash, people.name as person_name, people.email,
    coalesce(checkouts.covers, 'booking') as covers,
    (
        select coalesce(jsonb_agg(jsonb_build_object('at', lines.at, 'kind', lines.kind, 'amount', lines.amount) order by lines.at), '[]')
        from receipt_lines as lines where lines.receipt_id = receipts.id
    ) as lines,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object('booking_id', paid.booking_id, 'starts_at', gatherings.starts_at, 'zone', gatherings.zone)
                    order by gatherings.starts_at
                ), '[]'
            )
        from (
            select checkout_lines.booking_id, bookings.gathering_id
            from checkout_lines join bookings on bookings.id = checkout_lines.booking_id
            where checkout_lines.checkout_id = receipts.checkout_id
            union all
            select bookings.id, bookings.gathering_id from bookings where bookings.id = receipts.booking_id
            union all
            select null, walk_ins.gathering_id from walk_ins where walk_ins.id = receipts.walk_in_id
        ) as paid join gatherings on gatherings.id = paid.gathering_id
    ) as dates
from receipts
join people on people.id = receipts.person_id
left join checkouts on checkouts.id = receipts.checkout_id
where receipts.id = :id and (:person_id::uuid is null or receipts.person_id = :person_id);

-- name: year_lines(person_id, since, until)
-- every line of a person's receipts between two moments, oldest first
select lines.at, receipts.id, receipts.name, receipts.discreet_name, harmless(receipts.discreet_name) as name_cell,
    receipts.currency, lines.kind, lines.amount
from receipts
cross join lateral (select * from receipt_lines where receipt_lines.receipt_id = receipts.id) as lines
where receipts.person_id = :person_id and receipts.at < :until and lines.at >= :since and lines.at < :until
order by lines.at, receipts.number;

-- name: of_booking(booking_id)
-- the receipts of whatever paid a booking, the newest first
select receipts.id, receipts.name from checkout_lines join receipts on receipts.checkout_id = checkout_lines.checkout_id
where checkout_lines.booking_id = :booking_id
union all
select id, name from receipts where booking_id = :booking_id
order by name desc;

-- name: of_pass(pass_id)
-- the receipt of the payment of a pass
select receipts.id, receipts.name from checkout_lines join receipts on receipts.checkout_id = checkout_lines.checkout_id
where checkout_lines.pass_id = :pass_id;

-- name: of_reference(reference)$
-- the receipt of the checkout that a reference names
select id from receipts where checkout_id = checkout_named(:reference);
