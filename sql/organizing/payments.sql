-- The payments of the whole community for organizers: a list with sums, the story of one, refunds by hand, notes.

-- name: page(states, circle, since, until, after, limit)
-- one page of the payments in these states whose money came between two moments, of all circles or of one: the latest first. after:
-- the last payment of the page before
with start as (
    select at, checkout_id from payment_facts where checkout_id = :after
)

select listed.*
from (
    select checkout_id, at from (
        (
            select in_state.checkout_id, in_state.at
            from unnest(:states::text []) as chosen (state)
            cross join lateral (
                select facts.checkout_id, facts.at from payment_facts as facts
                where facts.state = chosen.state and facts.at >= :since and facts.at < :until and (facts.at, facts.checkout_id) < (
                    coalesce((select at from start), 'infinity'),
                    coalesce((select checkout_id from start), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                )
                order by facts.at desc, facts.checkout_id desc
                limit :limit
            ) as in_state
            where :circle::uuid is null
        )
        union all
        (
            select in_state.checkout_id, in_state.at
            from unnest(:states::text []) as chosen (state)
            cross join lateral (
                select facts.checkout_id, facts.at from payment_facts as facts
                where facts.circle_id = :circle and facts.state = chosen.state and facts.at >= :since and facts.at < :until
                    and (facts.at, facts.checkout_id) < (
                        coalesce((select at from start), 'infinity'),
                        coalesce((select checkout_id from start), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                    )
                order by facts.at desc, facts.checkout_id desc
                limit :limit
            ) as in_state
            where :circle::uuid is not null
        )
    ) as every
    order by at desc, checkout_id desc
    limit :limit
) as page
cross join lateral (
    select * from payments_listed where payments_listed.id = page.checkout_id offset 0 -- looked up for each, however it is planned
) as listed
order by page.at desc, page.checkout_id desc;

-- name: totals(states, circle, first_day, last_day, edges_since, edges_until)
-- the sums of all of them, by currency: of whole days (UTC), the last of which is not counted, from what is kept; and of the parts of
-- days before and after them, from the payments themselves
select
    currency, sum(payments)::bigint as payments, sum(gross)::bigint as gross, sum(refunded)::bigint as refunded,
    sum(taken)::bigint as taken, sum(waiting)::bigint as waiting, sum(fee)::bigint as fee, sum(without_fee)::bigint as without_fee
from (
    select currency, payments, gross, refunded, taken, waiting, fee, without_fee from payment_sums
    where circle_id = coalesce(:circle::uuid, '00000000-0000-0000-0000-000000000000') and day >= :first_day and day < :last_day
        and state = any(:states::text [])
    union all
    select
        facts.currency, 1, facts.gross, facts.refunded, facts.taken, facts.waiting, coalesce(facts.fee, 0),
        case when facts.fee is null then 1 else 0 end
    from unnest(:edges_since::timestamptz [], :edges_until::timestamptz []) as edge (since, until)
    join payment_facts as facts on facts.state = any(:states::text []) and facts.at >= edge.since and facts.at < edge.until
    where :circle::uuid is null or facts.circle_id = :circle
) as summed
group by currency
having sum(payments) > 0
order by sum(payments) desc, currency;

-- name: found(text, first, last, states, circle, since, until, most, limit, offset)
-- one page of the payments, and checkouts that nobody paid, that belong to people with a part of a name, to an address, to a number
-- of a booking, payment or receipt (ids from first to last) or to an id at Stripe: the latest first. Of more than `most` people, or
-- payments of them, any; is_cut: whether that is so. totals: sums of all that were found, by currency
with matching as materialized (
    (
        select people.id from people
        where pieces(people.name_key || ' ' || people.email) @> pieces_of_part(nullif(name_key(:text), ''))
            and (length(name_key(:text)) < 3 or strpos(people.name_key, name_key(:text)) > 0)
        limit :most
    )
    union
    select people.id from people where people.email = lower(:text)
), sought as materialized (
    (
        select lines.checkout_id
        from matching
        join bookings on bookings.person_id = matching.id
        join checkout_lines as lines on lines.booking_id = bookings.id
        limit :most
    )
    union
    (
        select lines.checkout_id
        from matching
        join passes on passes.person_id = matching.id
        join checkout_lines as lines on lines.pass_id = passes.id
        limit :most
    )
    union
    select checkout_id from checkout_lines where booking_id between :first and :last
    union
    select checkout_id from checkout_lines where pass_id between :first and :last
    union
    select id from checkouts where id between :first and :last
    union
    select id from checkouts where stripe_id = :text
    union
    select id from checkouts where payment_intent = :text
    union
    select checkout_id from operations where stripe_id = :text and kind = 'refund'
    union
    select checkout_id from operations where failed_ids <> '{}' and failed_ids @> array[:text::text]
    union
    select checkout_id from money_rows
    where kind in ('payment', 'refund', 'refund_returned', 'dispute', 'dispute_returned') and stripe_id = :text
    union
    select checkout_id from disputes where stripe_id = :text
    union
    select receipts.checkout_id from receipts
    where receipts.number = (substring(upper(:text), '^R-?([0-9]{1,15})$'))::bigint and receipts.checkout_id is not null
    union
    select checkout_id from balance_transactions where id = :text
    union
    select checkout_id from balance_transactions where source_id = :text and source_id <> ''
), chosen as materialized (
    select listed.*
    from sought
    cross join lateral (select * from payments_listed where payments_listed.id = sought.checkout_id offset 0) as listed
    where listed.state = any(:states::text []) and (:circle::uuid is null or listed.circle_id = :circle)
        and listed.listed_at >= :since and listed.listed_at < :until
), sums as (
    select
        currency, count(*) as payments, sum(gross) as gross, sum(refunded) as refunded, sum(taken) as taken, sum(waiting) as waiting,
        coalesce(sum(fee), 0) as fee, count(*) filter (where fee is null) as without_fee
    from chosen where at is not null group by currency
)
select
    chosen.*, count(*) over () as total, (select count(*) from matching) >= :most or (select count(*) from sought) >= :most as is_cut,
    (select coalesce(jsonb_agg(to_jsonb(sums) order by sums.payments desc, sums.currency), '[]') from sums) as totals
from chosen
order by listed_at desc, id desc
limit :limit offset :offset;

-- name: payment(id)^
-- one payment or checkout, with the refund by hand that waits for a second organizer, and whether a bank decides a dispute of it now
select
    listed.*, checkouts.stripe_id, checkouts.payment_intent, checkouts.pending_at, checkouts.state as checkout_state,
    exists (
        select from disputes where disputes.checkout_id = listed.id and disputes.closed_at is null
    ) as is_disputed,
    (select stripe_id from disputes where disputes.checkout_id = listed.id order by made_at desc limit 1) as dispute_id,
    receipts.id as receipt_id, receipts.name as receipt_name,
    asked.id as asked_id, asked.amount as asked_amount, asked.reason as asked_reason, asked.note as asked_note,
    asked.frees_seat as asked_frees_seat, asked.asked_by, asked.asked_at, askers.name as asked_by_name,
    (
        select array_agg(others.id) from people as others
        where others.is_organizer and others.suspended_at is null and others.merged_into is null
    ) as organizers
from payments_listed as listed
join checkouts on checkouts.id = listed.id
left join receipts on receipts.checkout_id = listed.id
left join refunds_by_hand as asked on asked.checkout_id = listed.id and asked.state = 'asked'
left join people as askers on askers.id = asked.asked_by
where listed.id = :id;

-- name: lines(id)
-- what a payment pays, bookings in their order or a pass, with what is left of it to send back (minor units), and what waits for a person
select
    coalesce(lines.booking_id, lines.pass_id) as id, lines.booking_id, lines.pass_id, lines.amount, lines.is_addition,
    coalesce(bookings.state, passes.state) as state, people.id as person_id, people.name, circles.name as circle_name,
    circles.id as circle_id, gatherings.id as gathering_id, gatherings.starts_at, gatherings.zone,
    coalesce(bookings.state = 'confirmed' and gatherings.starts_at > now() and gatherings.state = 'open', false) as may_be_freed,
    greatest(0, coalesce(moved.balance, 0) - coalesce(refunds.owed, 0))::bigint as left_over,
    coalesce(refunds.stuck, '[]') as stuck
from checkout_lines as lines
left join bookings on bookings.id = lines.booking_id
left join gatherings on gatherings.id = bookings.gathering_id
left join passes on passes.id = lines.pass_id
join people on people.id = coalesce(bookings.person_id, passes.person_id)
join circles on circles.id = coalesce(gatherings.circle_id, passes.circle_id)
cross join lateral (
    select sum(money_rows.amount) as balance from money_rows
    where money_rows.checkout_id = lines.checkout_id
        and coalesce(money_rows.booking_id, money_rows.pass_id) = coalesce(lines.booking_id, lines.pass_id)
) as moved
cross join lateral (
    select
        sum(operations.amount - covered) filter (where operations.state in ('due', 'failed')) as owed,
        jsonb_agg(
            jsonb_build_object(
                'id', operations.id, 'amount', operations.amount - covered, 'fault', operations.fault, 'state', operations.state
            ) order by operations.created_at
        ) filter (where operations.state in ('due', 'failed') and operations.settled_at is null) as stuck
    from operations
    where (operations.booking_id = lines.booking_id or operations.pass_id = lines.pass_id)
        and operations.checkout_id = lines.checkout_id and operations.kind = 'refund'
) as refunds
where lines.checkout_id = :id
order by lines.position;

-- name: story(id)
-- what happened to a payment, oldest first: its checkout, its money, refunds, disputes, findings, differences with Stripe's books, fees
-- and payouts, cash and mails of its bookings, the facilitators' parts, notes, and the events that no other row says. source, what: the
-- kind. part: the booking that it is of
with parts as (
    select coalesce(booking_id, pass_id) as id from checkout_lines where checkout_id = :id
), refunds as (
    select operations.*
    from checkout_lines as lines
    join operations on (operations.booking_id = lines.booking_id or operations.pass_id = lines.pass_id)
        and operations.checkout_id = lines.checkout_id
    where lines.checkout_id = :id
), mine as (
    select id, payment_intent, amount, currency, created_at, booking_id as reference from checkouts where id = :id
)

select
    happened.at, happened.source, happened.what, happened.why, happened.amount, happened.currency, happened.part, happened.stripe_id,
    coalesce(people.name, '') as who_name
from (
    select mine.created_at as at, 'checkout' as source, 'opened' as what, '' as why, mine.amount::bigint, mine.currency, null::uuid as part,
        '' as stripe_id, listed.person_id as who
    from mine cross join (select * from payments_listed where payments_listed.id = :id offset 0) as listed
    union all
    select at, 'money', kind, '', amount, currency, coalesce(booking_id, pass_id), stripe_id, null from money_rows where checkout_id = :id
    union all
    select
        refunds.created_at, 'refund', 'asked', coalesce(by_hand.reason, refunds.reason), refunds.amount, mine.currency,
        coalesce(refunds.booking_id, refunds.pass_id), '', by_hand.asked_by
    from mine cross join refunds left join refunds_by_hand as by_hand on by_hand.id = refunds.by_hand
    where refunds.kind = 'refund'
    union all
    select
        -- not before its money left, which has the time of its row, and this one that of its transaction
        greatest(refunds.done_at, sent.at), 'refund', 'arrived', '', refunds.amount - covered, mine.currency,
        coalesce(refunds.booking_id, refunds.pass_id), refunds.stripe_id, null
    from mine cross join refunds left join money_rows as sent on sent.kind = 'refund' and sent.stripe_id = refunds.stripe_id
    where refunds.kind = 'refund' and refunds.state = 'done' and refunds.stripe_id is not null
    union all
    select
        refunds.settled_at, 'refund', 'settled', settled_reason, refunds.amount - covered, mine.currency,
        coalesce(refunds.booking_id, refunds.pass_id), '', refunds.settled_by
    from mine cross join refunds
    where refunds.kind = 'refund' and refunds.settled_at is not null
    union all
    select asked_at, 'by_hand', case when booking_id is null then 'asked_all' else 'asked' end, reason, amount, currency, booking_id, '',
        asked_by
    from refunds_by_hand where checkout_id = :id and (state <> 'done' or decided_by <> asked_by)
    union all
    select decided_at, 'by_hand', state, '', amount, currency, booking_id, '', decided_by
    from refunds_by_hand where checkout_id = :id and state <> 'asked' and (state <> 'done' or decided_by <> asked_by)
    union all
    select decided_at, 'by_hand', 'told', note, null, currency, booking_id, '', asked_by
    from refunds_by_hand where checkout_id = :id and state = 'done' and note <> ''
    union all
    select made_at, 'dispute', case when state like 'warning%' then 'asked' else 'opened' end, reason, amount, currency, null, stripe_id, null
    from disputes where checkout_id = :id
    union all
    select closed_at, 'dispute', state, '', amount, currency, null, stripe_id, null
    from disputes where checkout_id = :id and closed_at is not null
    union all
    select created_at, 'finding', kind, '', nullif(amount, 0), currency, coalesce(booking_id, pass_id), stripe_id, null
    from payment_findings where booking_id in (select parts.id from parts) or pass_id in (select parts.id from parts)
    union all
    select settled_at, 'finding', 'settled', settled_reason, nullif(amount, 0), currency, coalesce(booking_id, pass_id), stripe_id, settled_by
    from payment_findings
    where (booking_id in (select parts.id from parts) or pass_id in (select parts.id from parts)) and settled_at is not null
    union all
    select
        greatest(made_at, (select facts.at from payment_facts as facts where facts.checkout_id = :id)), 'fee', type, '', fee, currency,
        null, id, null
    from balance_transactions where checkout_id = :id and fee <> 0
    union all
    select rows.at, 'share', case when rows.part > 0 then 'due' else 'less' end, '', rows.part, shares.currency, shares.booking_id, '',
        shares.facilitator_id
    from payment_shares as shares join share_rows as rows on rows.share_id = shares.id
    where shares.checkout_id = :id and rows.part <> 0
    union all
    select at, 'transfer', kind, '', amount, currency, null, stripe_id, null from transfer_rows where checkout_id = :id
    union all
    select payouts.made_at, 'payout', payouts.state, '', null, payouts.currency, null, payouts.id, null
    from payment_fees as fees join payouts on payouts.id = fees.payout_id where fees.checkout_id = :id
    union all
    select at, 'cash', kind, note, amount, currency, booking_id, '', noted_by
    from cash_rows where booking_id in (select parts.id from parts)
    union all
    select mails.created_at, 'mail', mails.kind, mails.state, null, '', mails.about, '', null
    from mails where mails.about in (select parts.id from parts) and mails.kind = any('{refund_failed,refund_by_hand,receipt,apology}')
    union all
    select at, 'note', 'written', body, null, '', null, '', written_by from payment_notes where checkout_id = :id
    union all
    select events.at, 'event', events.what, events.why, (events.details ->> 'amount')::bigint, mine.currency, events.about, '', events.who
    from mine join events on events.about in (select parts.id from parts) and events.what = any(
        '{checkout.expired,checkout.failed,checkout.settled,refund.failed,refund.retried,refund.open_again,refund.covered,
        booking.amount_changed,booking.cancelled,booking.lapsed,booking.moved,booking.paid_late,booking.taken_off,
        transfer.differs,transfer.given_up,transfer.refused,transfer.retried,transfer.seen,transfer.settled,
        dispute.accepted,dispute.answer_done,dispute.answer_failed,dispute.evidence_sent,finding.closed,
        pass.ended,pass.given_back,pass.lapsed,pass.let_go_asked,pass.paid_late,pass.prolonged}'
    )
    union all
    select events.at, 'event', events.what, '', null, '', null, '', events.who
    from receipts
    join events on events.about = receipts.person_id and events.what = 'receipt.sent' and events.details ->> 'receipt' = receipts.name
    where receipts.checkout_id = :id
    union all
    select found_at, 'difference', 'found', '', null, currency, null, '', null
    from reconciliation_differences where checkout_id = :id
    union all
    select ended_at, 'difference', ended, reason, null, currency, null, '', settled_by
    from reconciliation_differences where checkout_id = :id and ended_at is not null
) as happened
left join people on people.id = happened.who
where happened.at is not null
order by
    happened.at, case
        when happened.source = 'by_hand' and happened.what <> 'told' then 0 when happened.source = 'refund' and happened.what = 'asked' then 1
        when happened.source in ('fee', 'share', 'transfer') then 4
        when happened.what in ('arrived', 'settled') then 3 else 2
    end,
    happened.source, happened.what;

-- name: lock_payment(id)^
-- a payment, locked, with whether a bank decides a dispute of it now
select
    checkouts.id, checkouts.currency, checkouts.state,
    exists (select from disputes where disputes.checkout_id = checkouts.id and disputes.closed_at is null) as is_disputed
from checkouts where checkouts.id = :id
for no key update;

-- name: booking_ids(id)
-- the bookings that a payment pays
select booking_id from checkout_lines where checkout_id = :id and booking_id is not null order by position;

-- name: by_hand(id)^
-- a refund by hand
select * from refunds_by_hand where id = :id for no key update;

-- name: look_by_hand(id)^
-- a refund by hand, not locked
select checkout_id, booking_id, frees_seat from refunds_by_hand where id = :id;

-- name: is_asked(id)$
-- whether a refund by hand of a payment waits for a second organizer
select exists (select from refunds_by_hand where checkout_id = :id and state = 'asked');

-- name: payment_of_by_hand(id)$
-- the payment that a refund by hand is of
select checkout_id from refunds_by_hand where id = :id;

-- name: add_by_hand(id, checkout, booking, amount, currency, reason, note, frees_seat, actor_id, is_asked)!
-- a refund by hand: carried out at once, or asked of another organizer
insert into refunds_by_hand (
    id, checkout_id, booking_id, amount, currency, reason, note, frees_seat, state, asked_by, decided_by, decided_at
)
select
    :id, :checkout, :booking, :amount, :currency, :reason, :note, :frees_seat, case when is_asked then 'asked' else 'done' end, :actor_id,
    case when not is_asked then :actor_id::uuid end, case when not is_asked then now() end
from (values (:is_asked::boolean)) as given (is_asked);

-- name: decide_by_hand(id, state, actor_id)!
-- a refund by hand that was asked for is carried out, declined or withdrawn
update refunds_by_hand set state = :state, decided_by = :actor_id, decided_at = now() where id = :id;

-- name: other_organizers(actor_id)
-- organizers but for one
select id, name, email from people
where is_organizer and suspended_at is null and merged_into is null and id <> :actor_id order by id;

-- name: told_of_refund(item)^
-- whom to tell of a refund, and of what
select
    items.id, items.is_pass, people.id as person_id, people.email, people.name, circles.discreet_name, items.starts_at, items.zone
from paid_items as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where items.id = :item and people.email not like '%@gone.invalid';

-- name: add_note(id, checkout, actor_id, body)$
-- what an organizer writes beside a payment; its id only when it is new
insert into payment_notes (id, checkout_id, written_by, body) values (:id, :checkout, :actor_id, :body)
on conflict (id) do nothing
returning id;

-- name: fold_sums(most)$
-- make one row of all sums with the same key, of so many keys at most that have new rows; how many rows that were
with keys as (
    select distinct day, circle_id, state, currency
    from (select day, circle_id, state, currency from payment_sums where not is_folded order by day limit :most) as new
), gone as (
    delete from payment_sums using keys
    where payment_sums.circle_id = keys.circle_id and payment_sums.day = keys.day and payment_sums.state = keys.state
        and payment_sums.currency = keys.currency
    returning payment_sums.*
), added as (
    insert into payment_sums (
        day, circle_id, state, currency, payments, gross, refunded, taken, waiting, fee, without_fee, is_folded
    )
    select
        day, circle_id, state, currency, sum(payments), sum(gross), sum(refunded), sum(taken), sum(waiting), sum(fee),
        sum(without_fee), true
    from gone group by day, circle_id, state, currency
    having sum(payments) <> 0
)
select count(*) from gone;
