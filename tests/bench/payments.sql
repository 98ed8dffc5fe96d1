-- So many additional payments of bookings that are there that the community has :payments in all. Run as community.sql is.
create temporary table extra as
select
    i, md5('extra' || i)::uuid as id, booked.id as booking_id, now() - i % 17520 * interval '1 hour' as at, booked.circle_id,
    case when i % 20 = 0 then 'refunded' when i % 31 = 0 then 'part' when i % 997 = 0 then 'lost' else 'paid' end as state
from (
    select bookings.id, gatherings.circle_id, row_number() over (order by bookings.id) as number
    from bookings join gatherings on gatherings.id = bookings.gathering_id where bookings.state = 'confirmed'
) as booked
cross join generate_series(0, 2) as round
cross join lateral (select booked.number * 3 + round as i) as numbered
limit (select greatest(0, :payments - count(*)) from payment_facts);

insert into checkouts (id, covers, booking_id, amount, currency, state, stripe_id, payment_intent, expires_at, created_at)
select id, 'addition', id, 1500, 'USD', 'paid', 'cs_extra_' || i, 'pi_extra_' || i, at + interval '31 minutes', at from extra;

insert into checkout_lines (checkout_id, position, booking_id, amount, is_addition)
select id, 1, booking_id, 1500, true from extra;

insert into money_rows (at, booking_id, checkout_id, kind, amount, currency, stripe_id)
select extra.at, booking_id, id, moved.kind, moved.amount, 'USD', moved.prefix || i
from extra
cross join (
    values ('payment', 1500, 'cs_extra_'), ('refund', -1500, 're_extra_'), ('refund', -500, 're_extra_'), ('dispute', -1500, 'du_extra_')
) as moved (kind, amount, prefix)
where moved.kind = 'payment' or (extra.state, moved.kind, moved.amount)
    in (('refunded', 'refund', -1500), ('part', 'refund', -500), ('lost', 'dispute', -1500));

insert into payment_facts (checkout_id, at, circle_id, currency, state, gross, refunded, taken, waiting, fee)
select
    id, at, circle_id, 'USD', state, 1500, case state when 'refunded' then 1500 when 'part' then 500 else 0 end,
    case state when 'lost' then 1500 else 0 end, 0, 74
from extra;

delete from payment_sums;

insert into payment_sums (
    day, circle_id, state, currency, payments, gross, refunded, taken, waiting, fee, without_fee, is_folded
)
select
    (facts.at at time zone 'UTC')::date, level.circle_id, facts.state, facts.currency, count(*), sum(facts.gross), sum(facts.refunded),
    sum(facts.taken), sum(facts.waiting), coalesce(sum(facts.fee), 0), count(*) filter (where facts.fee is null), true
from payment_facts as facts
cross join lateral (values (facts.circle_id), ('00000000-0000-0000-0000-000000000000')) as level (circle_id)
group by 1, 2, 3, 4;
