-- name: disputed_payment(payment_intent)^
-- the payment that a dispute is of, and the first booking, or the pass, that it paid
select checkouts.id as checkout_id, coalesce(lines.booking_id, lines.pass_id) as booking_id
from checkouts join checkout_lines as lines on lines.checkout_id = checkouts.id
where checkouts.payment_intent = :payment_intent and checkouts.state = 'paid'
order by lines.position limit 1;

-- name: state_of(stripe_id)$
-- the state of a dispute as read last
select state from disputes where stripe_id = :stripe_id;

-- name: save_dispute(stripe_id, booking_id, checkout_id, amount, currency, state, reason, fee, answer_by, made_at, is_over)!
-- a dispute as it is at Stripe now
insert into disputes (
    stripe_id, booking_id, pass_id, checkout_id, amount, currency, state, reason, fee, answer_by, made_at, closed_at
)
select
    :stripe_id, lines.booking_id, lines.pass_id, lines.checkout_id, :amount, :currency, :state, :reason, :fee, :answer_by,
    :made_at, case when :is_over::boolean then now() end
from checkout_lines as lines
where lines.checkout_id = :checkout_id and :booking_id in (lines.booking_id, lines.pass_id)
on conflict (stripe_id) do update set
    amount = excluded.amount, state = excluded.state, reason = excluded.reason, fee = excluded.fee,
    answer_by = excluded.answer_by, read_at = now(),
    closed_at = case when :is_over::boolean then coalesce(disputes.closed_at, now()) end;

-- name: add_move(booking_id, checkout_id, kind, amount, currency, stripe_id)$
-- money that a dispute took or gave back, once for each movement at Stripe; its id only when it is new
insert into money_rows (booking_id, pass_id, checkout_id, kind, amount, currency, stripe_id)
select lines.booking_id, lines.pass_id, lines.checkout_id, :kind, :amount, :currency, :stripe_id
from checkout_lines as lines
where lines.checkout_id = :checkout_id and :booking_id in (lines.booking_id, lines.pass_id)
on conflict (kind, stripe_id) do nothing
returning id;

-- name: put_off_reading(stripe_id)!
-- Stripe does not know a dispute: it is asked again like one that was read
update disputes set read_at = now() where stripe_id = :stripe_id;

-- name: disputes_to_read(most)
-- disputes that are open, or over for less than a month, and were not read for a while: their money may move later
select stripe_id from disputes
where read_at < now() - interval '1 hour' and (closed_at is null or closed_at > now() - interval '30 days')
order by read_at limit :most;

-- name: refunds_kept(checkout_id, faults)
-- refunds that wait since a dispute kept them, locked; none while another dispute of the payment is open, and none that
-- somebody made at Stripe, which is theirs to repeat
select id, coalesce(booking_id, pass_id) as booking_id, amount - covered as owed from operations
where checkout_id = :checkout_id and kind = 'refund' and state = 'failed'
    and settled_at is null and again_at is null and fault = any(:faults::text[]) and amount > covered
    and reason <> 'at_stripe'
    and not exists (
        select from disputes where disputes.checkout_id = operations.checkout_id and disputes.closed_at is null
    )
order by created_at
for no key update;

-- name: add_answer(dispute_id, kind, request, reason, actor_id)$
-- an answer to a dispute that is to be sent; no row while another one is
insert into dispute_answers (dispute_id, kind, request, reason, asked_by)
values (:dispute_id, :kind, :request, :reason, :actor_id)
on conflict (dispute_id) where state = 'due' do nothing
returning id;

-- name: due_answer(id)^
-- an answer that is to be sent, with the booking or the pass that it is about
select answers.id, answers.dispute_id, answers.kind, answers.request, coalesce(disputes.booking_id, disputes.pass_id) as about
from dispute_answers as answers join disputes on disputes.stripe_id = answers.dispute_id
where answers.id = :id and answers.state = 'due';

-- name: answer_done(id)$
-- Stripe has an answer
update dispute_answers set state = 'done', done_at = now(), fault = '' where id = :id and state = 'due' returning id;

-- name: answer_failed(id, fault)$
-- Stripe refused an answer
update dispute_answers set state = 'failed', fault = :fault where id = :id and state = 'due' returning id;

-- name: due_answers(most)
-- answers that wait for longer than their job takes
select id from dispute_answers where state = 'due' and asked_at < now() - interval '3 minutes' order by asked_at limit :most;
