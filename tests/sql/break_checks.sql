-- For each invariant of sql/checks.sql, under the same name, the smallest damage that violates it. Constraints and
-- triggers that prevent the damage are dropped first: each script runs in a transaction that is rolled back.

-- name: no_gathering_is_oversold#
-- two people on one seat
drop index booking_seat_once;
alter table bookings disable trigger bookings_keep_seats;
update bookings set seat = 9 where id = (
    select bookings.id from bookings join gatherings on gatherings.id = gathering_id
    where bookings.state = 'confirmed' and gatherings.capacity = 8 limit 1
);

-- name: seats_taken_match_bookings#
-- a booking that ends and keeps its seat
alter table bookings disable trigger bookings_keep_seats;
update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member'
where id = (select id from bookings where state = 'confirmed' limit 1);

-- name: no_more_community_seats_than_offered#
-- fewer community seats than community bookings
update gatherings set community_seats = 0
where id = (select gathering_id from bookings where state = 'confirmed' and kind = 'community' limit 1);

-- name: every_paid_seat_was_paid#
-- a ledger that lost a payment
alter table money_rows disable trigger money_rows_append_only;
delete from money_rows where booking_id = (
    select id from bookings where state = 'confirmed' and kind = 'paid' limit 1
);

-- name: lines_add_up_to_their_checkout#
-- a line that costs more than its checkout
update checkout_lines set amount = amount + 1
where checkout_id = (select id from checkouts where state = 'paid' limit 1);

-- name: every_line_is_in_the_ledger_once#
-- a payment in the ledger of a booking that its checkout does not pay
alter table money_rows disable trigger money_rows_append_only;
update money_rows set booking_id = (select id from bookings where kind = 'free' limit 1)
where id = (select id from money_rows where kind = 'payment' limit 1);

-- name: no_payment_is_refunded_more_than_paid#
-- a refund taken from another payment than the one that was made
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, 'refund', - amount - 1, currency, 're_of_another'
from money_rows where kind = 'payment' limit 1;

-- name: payments_without_a_seat_are_refunded#
-- a paid booking that lapses without a refund
update bookings set state = 'lapsed', ended_at = now(), end_cause = 'not_paid'
where id = (select id from bookings where state = 'confirmed' and kind = 'paid' limit 1);

-- name: no_booking_is_refunded_more_than_paid#
-- a refund sent twice
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, kind, amount, currency, 're_once_more'
from money_rows where kind = 'refund' limit 1;

-- name: ledger_agrees_with_operations#
-- a refund marked as done that was never sent
insert into operations (kind, booking_id, checkout_id, idempotency_key, amount, state, stripe_id, done_at)
select 'refund', booking_id, id, 'never went', 100, 'done', 're_never', now()
from checkouts where state = 'paid' limit 1;

-- name: ledger_has_refunds_that_live_alone#
-- a refund that failed and is still in the ledger
update operations set state = 'failed', done_at = null
where id = (select id from operations where kind = 'refund' and state = 'done' limit 1);

-- name: refunds_on_their_way_are_read_again#
-- a refund on its way of which Stripe is never asked again
update operations set state = 'sent', done_at = null, read_at = null
where id = (select id from operations where kind = 'refund' and state = 'done' limit 1);

-- name: refunds_to_be_sent_have_money#
-- a second refund of what was refunded in full
insert into operations (kind, booking_id, checkout_id, idempotency_key, amount)
select 'refund', booking_id, checkout_id, 'once more', amount
from operations where kind = 'refund' and state = 'done' limit 1;

-- name: ledger_agrees_with_disputes#
-- money that a dispute took, without the dispute
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, 'dispute', - amount, currency, 'txn_1'
from money_rows where kind = 'payment' limit 1;

-- name: canceled_gatherings_are_empty#
-- a gathering canceled by SQL alone, with confirmed bookings
update gatherings set state = 'cancelled', cancel_reason = 'ill'
where id = (select gathering_id from bookings where state = 'confirmed' limit 1);

-- name: canceled_gatherings_are_refunded#
-- a refund of a canceled gathering that is missing from the ledger
alter table money_rows disable trigger money_rows_append_only;
delete from money_rows where kind = 'refund' and booking_id = (
    select bookings.id from bookings join money_rows on money_rows.booking_id = bookings.id
    where end_cause = 'gathering_cancelled' limit 1
);

-- name: seats_ended_by_hosts_are_refunded#
-- a paid seat ended by a host without a refund
update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_host'
where id = (select id from bookings where state = 'confirmed' and kind = 'paid' limit 1);

-- name: every_booking_agreed_to_guidelines#
-- an acceptance by another person
update acceptances set person_id = (select id from people where is_organizer)
where id = (select acceptance_id from bookings limit 1);

-- name: only_material_changes_need_acceptance#
-- a first version to be accepted again
insert into guidelines_asked (person_id, version_id)
select acceptances.person_id, acceptances.version_id
from acceptances join guidelines_versions on guidelines_versions.id = version_id
where not guidelines_versions.material limit 1;

-- name: every_booking_has_an_event#
-- a booking that ended without an event row
update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member'
where id = (select id from bookings where state = 'confirmed' and kind = 'free' limit 1);

-- name: every_moved_seat_has_an_event#
-- a booking that says it was moved
update bookings set moves = 1 where id = (select id from bookings where state = 'confirmed' limit 1);

-- name: every_invite_is_of_a_gathering#
-- an invite that lost its gathering
update invites set gathering_id = null where id = (select id from invites limit 1);

-- name: free_seats_keep_no_money#
-- a paid seat that is free of charge now, while its money stays
alter table bookings drop constraint booking_amount_within_scale;
update bookings set kind = 'free', amount = 0
where id = (select id from bookings where state = 'confirmed' and kind = 'paid' limit 1);

-- name: attendance_is_of_booked_people#
-- a mark of a booking that was canceled
alter table bookings disable trigger bookings_leave_register;
update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member'
where id = (select booking_id from attendance limit 1);

-- name: register_counts_match_marks#
-- somebody is counted who did not come
update register_counts set came = came + 1 where gathering_id = (select gathering_id from register_counts limit 1);

-- name: register_facts_match_registers#
-- reports count somebody as absent whom the register marks as came
update register_facts set mark = 'absent' where source_id = (select source_id from register_facts where mark = 'came' limit 1);

-- name: present_marks_are_the_newest_of_the_record#
-- a mark that was changed and not recorded
alter table attendance disable trigger user;
update attendance set mark = 'excused', late = false, left_early = false
where mark <> 'excused' and booking_id = (select booking_id from attendance where mark <> 'excused' limit 1);
alter table attendance enable trigger user;

-- name: closed_registers_took_no_mark#
-- a mark that came after its register was closed
alter table register_marks disable trigger user;
update register_marks set received_at = gatherings.closed_at + interval '1 minute'
from gatherings
where gatherings.id = register_marks.gathering_id and gatherings.closed_at is not null and register_marks.source <> 'seat';
alter table register_marks enable trigger user;

-- name: marks_are_of_the_gathering_of_their_line#
-- a mark that was moved to another gathering
alter table register_marks disable trigger user;
update register_marks set gathering_id = (
    select gatherings.id from gatherings where gatherings.id <> register_marks.gathering_id limit 1
)
where booking_id = (select booking_id from attendance limit 1);
alter table register_marks enable trigger user;

-- name: every_circle_has_a_lead#
-- a circle whose lead became a helper
update hosts set part = 'helper' where part = 'lead';

-- name: every_lead_may_host#
-- the leads of circles who lost their role by SQL alone
update people set is_facilitator = false, is_organizer = false
where id in (select person_id from hosts where part = 'lead');

-- name: every_stand_in_may_host#
-- a stand-in at a gathering ahead who is a member only
insert into stand_ins (gathering_id, person_id, added_by)
select gatherings.id, members.id, members.id
from gatherings, (select id from people where not is_facilitator and not is_organizer limit 1) as members
where gatherings.state = 'open' and gatherings.starts_at > now() and not exists (
    select from stand_ins where stand_ins.gathering_id = gatherings.id
)
limit 1;

-- name: every_sent_message_has_an_event#
-- a message with a wrong number of mails
insert into messages (id, gathering_id, body, state, mails, sent_at)
select gen_random_uuid(), id, 'Bring socks.', 'sent', 3, now() from gatherings limit 1;

-- name: wall_time_agrees_with_utc#
-- a gathering moved in UTC alone
update gatherings set wall_start = wall_start + interval '1 hour'
where id = (select id from gatherings where starts_at > now() and state <> 'cancelled' limit 1);

-- name: every_payment_is_in_the_ledger_once#
-- a payment recorded twice
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, kind, amount, currency, 'cs_once_more'
from money_rows where kind = 'payment' limit 1;

-- name: ledger_currency_matches_booking#
-- a refund in another currency
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, id, 'refund', -1, 'EUR', 're_euros' from checkouts where state = 'paid' limit 1;

-- name: no_hold_outlives_its_time#
-- a hold that was not ended
update bookings set state = 'held', held_until = now() - interval '2 days'
where id = (select id from bookings where state = 'confirmed' and kind = 'paid' limit 1);

-- name: invite_sequence_is_the_last_sent#
-- a mail with a higher sequence than its invite
with made as (
    insert into invites (gathering_id, person_id, uid)
    select gathering_id, person_id, 'behind@example.org' from bookings order by id limit 1
    on conflict (gathering_id, person_id) do update set sequence = 0
    returning id, gathering_id, person_id
)
insert into sendings (invite_id, booking_id, method, sequence, facts)
select made.id, bookings.id, 'REQUEST', 7, '' from made join bookings using (gathering_id, person_id) limit 1;

-- name: old_requests_hold_no_text#
-- an old request with text
update requests set state = 'approved', decided_at = now() - interval '40 days'
where id = (select request_id from request_answers limit 1);

-- name: every_request_has_an_event#
-- a request approved by SQL alone
update requests set state = 'approved', decided_at = now()
where id = (select id from requests where state = 'waiting' limit 1);

-- name: scheduled_gatherings_are_of_their_circle#
-- a schedule moved to another circle without its gatherings
update schedules set circle_id = (select id from circles where circles.id <> schedules.circle_id limit 1)
where id = (select schedule_id from gatherings where schedule_id is not null limit 1);

-- name: facet_blocks_match_listings#
-- a bit of a facet that its listing does not have
insert into facet_blocks (facet, block, bits) values ('lang:nobody', 0, 1::bit(4096));

-- name: old_introductions_hold_no_text#
-- an old introduction with text
update introductions set created_at = now() - interval '40 days', expires_at = now() - interval '11 days'
where id = (select id from introductions where reach <> '' limit 1);

-- name: every_introduction_has_an_event#
-- an introduction answered by SQL alone
update introductions set state = 'full', answered_at = now()
where id = (select id from introductions where state = 'asked' limit 1);

-- name: every_introduction_is_in_the_access_log#
-- a missing row of an access log
delete from accesses where what = 'introduction.asked';

-- name: open_introductions_are_of_shown_listings#
-- a listing hidden by SQL alone, with an open introduction
update listings set state = 'hidden', hidden_because = 'unconfirmed'
where id = (select listing_id from introductions where state = 'asked' limit 1);

-- name: old_complaints_hold_no_text#
-- an old complaint with text
insert into complaints (listing_id, body, state, decided_at)
select id, 'Out of date', 'kept', now() - interval '2 years' from listings limit 1;

-- name: old_concerns_hold_no_text#
-- an old concern with text
insert into concerns (id, email, body, state, answer_by, closed_at)
values (
    gen_random_uuid(), 'somebody@example.org', 'What happened', 'closed', current_date - 390,
    now() - interval '13 months'
);

-- name: old_suggestions_are_deleted#
-- an old suggestion
update suggestions set created_at = now() - interval '40 days';

-- name: every_shown_listing_has_a_license_and_contact#
-- a shown listing without contact
insert into listings (state, name, telehealth, fee_minimum, fee_maximum, source)
values ('shown', 'Nobody', true, 0, 0, 'organizer');

-- name: listings_are_found_where_licensed#
-- a listing found in a state it has no license for
insert into listings (state, name, fee_minimum, fee_maximum, source, facets)
values ('draft', 'Elsewhere', 0, 0, 'organizer', '{in:ZZ}');

-- name: every_waiting_mail_has_a_job#
-- an old mail that waits, put there by SQL alone
insert into mails (kind, to_address, subject, text_body, html_body, message_id, created_at)
values ('invite', 'mira@example.org', 'Tuesday group', '', '', '<1@example.org>', now() - interval '3 hours');

-- name: every_confirmed_seat_was_told_of#
-- a confirmed seat ahead whose invite was never sent
with told as (
    delete from sendings where booking_id = (
        select bookings.id from bookings join gatherings on gatherings.id = bookings.gathering_id
        where bookings.state = 'confirmed' and gatherings.state = 'open' and gatherings.starts_at > now() limit 1
    )
    returning booking_id
)

update bookings set confirmed_at = now() - interval '3 hours' from told where bookings.id = told.booking_id;

-- name: every_ended_seat_was_told_of#
-- a seat ahead that its member canceled without a word
with ended as (
    update bookings set state = 'cancelled', end_cause = 'by_member', ended_at = now() - interval '3 hours'
    where id = (
        select bookings.id from bookings join gatherings on gatherings.id = bookings.gathering_id
        where bookings.state = 'confirmed' and bookings.kind <> 'paid'
            and gatherings.state = 'open' and gatherings.starts_at > now() limit 1
    )
    returning id, person_id
)

insert into events (what, about, who, after) select 'booking.cancelled', id, person_id, 'cancelled' from ended;

-- name: nothing_else_waits_without_a_job#
-- a list of therapists that nobody writes
insert into listing_imports (made_by, file_name, headings, state, created_at)
select id, 'list.csv', '{name}', 'writing', now() - interval '3 hours' from people limit 1;

-- name: nobody_is_reminded_twice#
-- two reminders of one seat
alter table reminders drop constraint reminder_once;
insert into reminders (booking_id, kind, starts_at, batch, sent_at)
select bookings.id, 'day', gatherings.starts_at, gen_random_uuid(), least(gatherings.starts_at, bookings.ended_at)
from bookings join gatherings on gatherings.id = gathering_id cross join generate_series(1, 2)
order by bookings.id limit 2;

-- name: reminders_are_of_seats_that_stand#
-- a reminder of a seat that was given back an hour ago
insert into reminders (booking_id, kind, starts_at, batch, sent_at)
select bookings.id, 'hour', bookings.ended_at + interval '2 hours', gen_random_uuid(), bookings.ended_at + interval '1 hour'
from bookings where ended_at is not null limit 1;

-- name: every_due_mail_to_a_host_is_marked#
-- a host who wants mail, of whose gathering none is marked
update people set hosting_mail = true where id in (select person_id from hosts);
update host_entries set due = false;

-- name: nobody_booked_waits#
-- somebody who waits gets a seat without a word to the list
alter table bookings disable trigger bookings_end_waits_new;
insert into bookings (
    gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, acceptance_id, confirmed_at
)
select gathering_id, person_id, 24, 'free', 'confirmed', 0, currency, 0, 0, acceptance_id, now()
from (select gathering_id, person_id, currency, acceptance_id from waits where state = 'waiting' limit 1) as wait
join lateral (select set_config('session_replication_role', 'replica', true)) as quiet on true;

-- name: free_seats_are_offered#
-- a seat that came free an hour ago, and nobody of the list was offered it
with ended as (
    update bookings set state = 'cancelled', end_cause = 'by_member', ended_at = now() - interval '1 hour'
    where state = 'confirmed' and kind = 'paid' and gathering_id = (
        select gathering_id from waits where state = 'waiting' limit 1
    )
    returning id, person_id
)

insert into events (what, about, who, after) select 'booking.cancelled', id, person_id, 'cancelled' from ended;

-- name: offers_lapse_in_time#
-- an offer that ended an hour ago
update waits set offered_at = now() - interval '2 hours', offer_ends_at = now() - interval '1 hour' where state = 'offered';

-- name: every_wait_has_an_event#
-- somebody who left without an event
alter table waits disable trigger waits_note_moved;
update waits set state = 'left', ended_at = now() where state = 'waiting';

-- name: every_walk_in_has_an_event#
-- somebody who came without an event
insert into walk_ins (id, gathering_id, name) select gen_random_uuid(), id, 'Noor' from gatherings limit 1;

-- name: old_walk_ins_hold_no_name#
-- a first name that is older than a year and two days
insert into walk_ins (id, gathering_id, name, added_at)
select gen_random_uuid(), id, 'Noor', now() - interval '369 days' from gatherings limit 1;

-- name: only_given_seats_wait_for_an_agreement#
-- a seat that was booked, without an acceptance
update bookings set acceptance_id = null where id = (
    select id from bookings where state = 'confirmed' and kind <> 'paid' limit 1
);

-- name: no_more_cash_is_given_back_than_received#
-- cash that is given back, and never was received
insert into cash_rows (id, booking_id, kind, amount, currency)
select gen_random_uuid(), id, 'given_back', -500, currency from bookings limit 1;

-- name: cash_is_in_the_currency_of_its_seat#
-- cash in another currency
insert into cash_rows (id, booking_id, kind, amount, currency)
select gen_random_uuid(), id, 'received', 500, 'XTS' from bookings limit 1;

-- name: community_versions_have_no_gaps#
-- a second version without a first
insert into community_versions (
    number, community_name, mail_name, calendar_name, statement_name, crisis_lines, accent, ground, accent_dark, ground_dark,
    currency, minimum, suggested, maximum, refund_hours, late_refund_percent, asks
)
values (
    2, 'Circles', 'Circles', 'Circles', 'CIRCLES', '[{"name": "Here", "how": "Ring"}]', '#000000', '#ffffff', '#ffffff',
    '#000000', 'USD', 0, 0, 0, 48, 50, '{}'
);

-- name: entries_add_up#
-- a line of which a part was lost
alter table ledger_lines disable trigger ledger_lines_append_only;
update ledger_lines set amount = amount - 1 where (entry_id, position) = (
    select entry_id, position from ledger_lines where account = 'stripe' and amount > 1 limit 1
);

-- name: sums_of_months_add_up#
-- sums that say to hold entries which nobody added
insert into ledger_summed (zone, up_to) values ('UTC', 1000000)
on conflict on constraint ledger_summed_pkey do update set up_to = 1000000;

-- name: every_movement_has_its_entry#
-- a payment whose entry was never posted
alter table money_rows disable trigger money_rows_post;
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, kind, amount, currency, 'pi_never_posted' from money_rows where kind = 'payment' limit 1;

-- name: shares_follow_their_payments#
-- money that went back, and a part that did not follow
alter table money_rows disable trigger money_rows_share;
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, 'dispute', - amount, currency, 'without_its_share'
from money_rows where kind = 'payment' limit 1;

-- name: shares_are_posted#
-- a part that the ledger does not owe
insert into share_rows (at, share_id, money_row_id, amount, part)
select now(), id, -1, 0, 5 from payment_shares limit 1;

-- name: every_payment_has_a_receipt#
-- a receipt that is lost
alter table receipts disable trigger receipts_append_only;
delete from receipts where id = (select id from receipts where checkout_id is not null limit 1);

-- name: payments_are_what_their_money_says#
-- a refund that the list of payments does not know
alter table money_rows disable trigger money_rows_keep_payment;
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, 'dispute', -1, currency, 'du_unknown' from money_rows where kind = 'payment' limit 1;

-- name: sums_of_payments_add_up#
-- a payment that is counted twice
insert into payment_sums (day, circle_id, state, currency, payments, gross, refunded, taken, waiting, fee, without_fee)
select current_date, circle_id, state, currency, 1, gross, 0, 0, 0, 0, 1 from payment_facts limit 1;

-- name: refunds_by_hand_are_what_was_asked#
-- a refund by hand of which nothing was sent
insert into refunds_by_hand (id, checkout_id, amount, currency, reason, state, asked_by, decided_by, decided_at)
select gen_random_uuid(), facts.checkout_id, 100, 'USD', 'They could not come in', 'done', people.id, people.id, now()
from payment_facts as facts cross join people limit 1;

-- name: transfers_are_posted#
-- a transfer that the ledger does not have
alter table transfer_rows disable trigger transfer_rows_post;
insert into transfer_rows (at, checkout_id, kind, amount, currency, stripe_id, transfer_id)
select now(), id, 'transfer', 100, currency, 'tr_1', 'tr_1' from checkouts where state = 'paid' limit 1;

-- name: transfers_give_back_what_they_brought#
-- more came back than went there
insert into transfer_rows (at, checkout_id, kind, amount, currency, stripe_id, transfer_id)
select now(), paid.id, given.kind, given.amount, paid.currency, given.stripe_id, 'tr_2'
from (select * from checkouts where state = 'paid' limit 1) as paid
cross join (values ('transfer', 100, 'tr_2'), ('reversal', -101, 'trr_2')) as given (kind, amount, stripe_id);

-- name: accounts_have_no_more_than_their_part#
-- an account has money of a payment that is not its facilitator's
insert into connect_accounts (person_id, idempotency_key, request, stripe_id)
select id, 'key_of_check', '{}', 'acct_1' from people limit 1;
insert into connected_payments (checkout_id, account_id, amount, currency)
select checkouts.id, connect_accounts.id, 100, checkouts.currency
from connect_accounts cross join (select * from checkouts where state = 'paid' limit 1) as checkouts
where connect_accounts.stripe_id = 'acct_1';
insert into transfer_rows (at, checkout_id, account_id, kind, amount, currency, stripe_id, transfer_id)
select now(), checkout_id, account_id, 'transfer', 1000000, currency, 'tr_3', 'tr_3' from connected_payments;

-- name: payments_of_passes_never_begun_are_refunded#
-- a paid pass that lapses without a refund
update passes set state = 'lapsed', ended_at = now(), end_cause = 'not_paid'
where id = (select id from passes where state = 'active' limit 1);

-- name: every_pass_in_use_was_paid#
-- a ledger that lost the payment of a pass
alter table money_rows disable trigger money_rows_append_only;
delete from money_rows where pass_id is not null;

-- name: uses_of_passes_are_counted#
-- a seat that no pass counts
alter table pass_uses disable trigger pass_uses_count;
delete from pass_uses where state <> 'given_back';

-- name: uses_are_of_their_pass#
-- a seat on the pass of somebody else
update passes set person_id = (
    select id from people where id not in (select person_id from passes) limit 1
) where id = (select pass_id from pass_uses limit 1);

-- name: seats_on_passes_that_ended_are_decided#
-- a seat on a pass that ended three hours ago, and nothing says what became of its use
update bookings set state = 'cancelled', ended_at = now() - interval '3 hours', end_cause = 'by_member'
where id = (select booking_id from pass_uses where state = 'used' limit 1);

-- name: passes_end_with_their_time#
-- a pass that is in use two days after its time
update passes set valid_until = now() - interval '2 days'
where id = (select id from passes where state = 'active' limit 1);

-- name: every_pass_has_an_event#
-- a pass without an event
alter table events disable trigger user;
delete from events where about in (select id from passes);
-- name: statements_are_what_they_count#
-- a statement that lost a row
alter table share_rows disable trigger share_rows_append_only;
insert into statement_months (month, until) values ('2020-01-01', '2020-02-01');
insert into statements (facilitator_id, month, currency)
select facilitator_id, '2020-01-01', currency from payment_shares limit 1;
update share_rows set statement_id = (select id from statements where month = '2020-01-01')
where id = (select max(id) from share_rows);

-- name: what_is_due_is_what_the_ledger_owes#
-- a statement that says that an account got more than went there
insert into statement_months (month, until) values ('2020-02-01', '2020-03-01');
with added as (
    insert into statements (facilitator_id, month, currency)
    select facilitator_id, '2020-02-01', currency from payment_shares limit 1
    returning id
)
insert into statement_lines (statement_id, circle_id, way, seats, amount, part, transferred, held, since)
select added.id, (select circle_id from payment_shares limit 1), 'card', 0, 0, 0, 5, 0, now() from added;

-- name: payouts_by_hand_are_posted#
-- a payout that the ledger does not know
alter table hand_payouts disable trigger hand_payouts_post;
insert into hand_payouts (id, facilitator_id, currency, amount, paid_on)
select gen_random_uuid(), facilitator_id, currency, 100, '2020-01-01' from payment_shares limit 1;

-- name: cash_shares_follow_their_cash#
-- cash whose part did not follow
alter table cash_rows disable trigger cash_rows_share;
insert into share_terms (currency, percent, starts_at) values ('USD', 2000, '-infinity');
with seat as (
    select bookings.id, bookings.gathering_id from bookings where state = 'confirmed' and currency = 'USD' limit 1
), share as (
    insert into cash_shares (booking_id, circle_id, facilitator_id, terms_id, currency)
    select seat.id, hosts.circle_id, hosts.person_id, (select id from share_terms limit 1), 'USD'
    from seat join gatherings on gatherings.id = seat.gathering_id
    join hosts on hosts.circle_id = gatherings.circle_id and hosts.part = 'lead'
)
insert into cash_rows (id, booking_id, kind, amount, currency) select gen_random_uuid(), id, 'received', 500, 'USD' from seat;

-- name: pass_shares_follow_their_income#
-- a part of a pass that is due before the pass is income
with circle as (
    select circles.id, acceptances.id as acceptance_id, acceptances.person_id
    from circles cross join acceptances limit 1
), offer as (
    insert into pass_offers (
        circle_id, number, is_sold, uses, weeks, currency, minimum, suggested, maximum, refund_kind, refund_weeks
    )
    select id, 1000, true, 4, 6, 'USD', 4000, 4000, 4000, 'none', 0 from circle
    returning id, circle_id
), pass as (
    insert into passes (offer_id, circle_id, person_id, state, amount, currency, uses, acceptance_id, held_until)
    select offer.id, circle.id, circle.person_id, 'held', 4000, 'USD', 4, circle.acceptance_id, now() + interval '1 hour'
    from offer join circle on circle.id = offer.circle_id
    returning id, circle_id, person_id
), share as (
    insert into pass_shares (pass_id, circle_id, facilitator_id, amount, part, currency)
    select id, circle_id, person_id, 4000, 3000, 'USD' from pass
    returning id
)
insert into pass_share_rows (entry_id, share_id, at, amount, part, seats) select -1, id, now(), 0, 5, 0 from share;

-- name: transactions_are_posted#
-- a payout of which the ledger knows nothing
alter table balance_transactions disable trigger balance_transactions_post;
insert into balance_transactions (id, type, amount, net, currency, source_id, made_at, available_at, place, placed_at)
values ('txn_never_posted', 'payout', -100, -100, 'USD', 'po_1', now(), now(), 'payout', now());

-- name: what_stripe_holds_is_explained#
-- money that the ledger says to be at Stripe, and that nothing of Stripe's or of ours brought there
select post_entry(
    'gift', 'nowhere', 'USD', null, null, array['stripe', 'unknown'], array[null, null]::uuid [], array[100, -100]::bigint []
);

-- name: the_last_reconciliation_agrees#
-- a balance of Stripe's that its transactions do not explain, and nobody is shown it
with runs as (
    insert into reconciliation_runs (asked_by, since, until, ended_at, outcome)
    values ('command', now() - interval '1 day', now(), now() + interval '1 minute', 'done') returning id
)
insert into reconciliation_balances (run_id, currency, stripe, listed, ledger)
select id, 'USD', 100, 0, 0 from runs;

-- name: every_entry_is_of_a_known_kind#
-- an entry of a payment that nobody made
select post_entry(
    'payment', '0', 'USD', null, null, array['stripe', 'sales'], array[null, null]::uuid [], array[100, -100]::bigint []
);
