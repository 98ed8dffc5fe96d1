-- For each invariant of sql/checks.sql the least damage that breaks it, under the same name. Where the schema would
-- refuse the damage, its guard is taken away first: each script runs in a transaction that is rolled back.

-- name: no_gathering_is_oversold#
-- two people on one seat
drop index booking_seat_once;
alter table bookings disable trigger bookings_keep_seats;
update bookings set seat = 9 where id = (
    select bookings.id from bookings join gatherings on gatherings.id = gathering_id
    where bookings.state = 'confirmed' and gatherings.capacity = 8 limit 1
);

-- name: seats_taken_are_counted_right#
-- a booking that ends and keeps its seat
alter table bookings disable trigger bookings_keep_seats;
update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member'
where id = (select id from bookings where state = 'confirmed' limit 1);

-- name: no_more_community_seats_than_offered#
-- a host who takes back a community seat that is given
update gatherings set community_seats = 0
where id = (select gathering_id from bookings where state = 'confirmed' and kind = 'community' limit 1);

-- name: every_paid_seat_was_paid#
-- a ledger that lost a payment
alter table money_rows disable trigger money_rows_append_only;
delete from money_rows where booking_id = (
    select id from bookings where state = 'confirmed' and kind = 'paid' limit 1
);

-- name: no_money_without_a_seat#
-- a paid seat that lapses, and nobody gives the money back
update bookings set state = 'lapsed', ended_at = now(), end_cause = 'not_paid'
where id = (select id from bookings where state = 'confirmed' and kind = 'paid' limit 1);

-- name: no_booking_gave_back_more_than_it_got#
-- a refund that went out twice
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, kind, amount, currency, 're_once_more'
from money_rows where kind = 'refund' limit 1;

-- name: ledger_agrees_with_operations#
-- a refund that is said to be done and never went
insert into operations (kind, booking_id, checkout_id, idempotency_key, amount, state, stripe_id, done_at)
select 'refund', booking_id, id, 'never went', 100, 'done', 're_never', now()
from checkouts where state = 'paid' limit 1;

-- name: called_off_gatherings_are_empty#
-- a gathering cancelled past the house, with people in it
update gatherings set state = 'cancelled', cancel_reason = 'ill'
where id = (select gathering_id from bookings where state = 'confirmed' limit 1);

-- name: called_off_gatherings_are_paid_back#
-- a refund of a cancelled gathering that is gone from the books
alter table money_rows disable trigger money_rows_append_only;
delete from money_rows where kind = 'refund' and booking_id = (
    select bookings.id from bookings join money_rows on money_rows.booking_id = bookings.id
    where end_cause = 'gathering_cancelled' limit 1
);

-- name: seats_taken_back_are_paid_back#
-- a host who takes back a paid seat and keeps the money
update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_host'
where id = (select id from bookings where state = 'confirmed' and kind = 'paid' limit 1);

-- name: every_booking_agreed_to_guidelines#
-- somebody else agreed in their place
update acceptances set person_id = (select id from people where is_organizer)
where id = (select acceptance_id from bookings limit 1);

-- name: only_material_changes_are_asked_about#
-- somebody who was asked about a first version
insert into guidelines_asked (person_id, version_id)
select acceptances.person_id, acceptances.version_id
from acceptances join guidelines_versions on guidelines_versions.id = version_id
where not guidelines_versions.material limit 1;

-- name: every_change_left_an_event#
-- a booking that ended and nobody wrote it down
update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member'
where id = (select id from bookings where state = 'confirmed' and kind = 'free' limit 1);

-- name: only_the_booked_are_marked#
-- a mark that stays behind when its seat is given back
alter table bookings disable trigger bookings_leave_register;
update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member'
where id = (select booking_id from attendance limit 1);

-- name: every_circle_has_a_lead#
-- a circle whose lead became a helper
update hosts set part = 'helper' where part = 'lead';

-- name: every_message_left_an_event#
-- a message said to have gone to more people than it went to
insert into messages (id, gathering_id, body, state, mails, sent_at)
select gen_random_uuid(), id, 'Bring socks.', 'sent', 3, now() from gatherings limit 1;

-- name: wall_time_agrees_with_utc#
-- a gathering moved on one clock alone
update gatherings set wall_start = wall_start + interval '1 hour'
where id = (select id from gatherings limit 1);

-- name: every_payment_is_in_the_ledger_once#
-- a payment written down twice
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, checkout_id, kind, amount, currency, 'cs_once_more'
from money_rows where kind = 'payment' limit 1;

-- name: money_keeps_its_currency#
-- dollars booked, euros given back
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, id, 'refund', -1, 'EUR', 're_euros' from checkouts where state = 'paid' limit 1;

-- name: no_seat_is_held_for_ever#
-- a hold that nobody ended
update bookings set state = 'held', held_until = now() - interval '2 days'
where id = (select id from bookings where state = 'confirmed' and kind = 'paid' limit 1);

-- name: invites_count_what_was_sent#
-- a change that was mailed with a number the invite knows nothing of
with made as (
    insert into invites (gathering_id, person_id, uid)
    select gathering_id, person_id, 'behind@example.org' from bookings order by id limit 1
    on conflict (gathering_id, person_id) do update set sequence = 0
    returning id, gathering_id, person_id
)
insert into sendings (invite_id, booking_id, method, sequence, facts)
select made.id, bookings.id, 'REQUEST', 7, '' from made join bookings using (gathering_id, person_id) limit 1;

-- name: what_was_said_in_requests_is_forgotten#
-- a request of long ago that nobody tidied away
update requests set state = 'approved', decided_at = now() - interval '40 days'
where id = (select request_id from request_answers limit 1);

-- name: every_request_left_an_event#
-- a request approved past the house
update requests set state = 'approved', decided_at = now()
where id = (select id from requests where state = 'waiting' limit 1);

-- name: planted_gatherings_stay_in_their_circle#
-- a schedule that was given to another circle, and its gatherings were not
update schedules set circle_id = (select id from circles where circles.id <> schedules.circle_id limit 1)
where id = (select schedule_id from gatherings where schedule_id is not null limit 1);

-- name: facet_blocks_say_what_listings_say#
-- a facet that nobody has, marked for somebody
insert into facet_blocks (facet, block, bits) values ('lang:nobody', 0, 1::bit(4096));

-- name: what_was_told_in_introductions_is_forgotten#
-- an introduction of long ago whose words nobody deleted
update introductions set created_at = now() - interval '40 days', expires_at = now() - interval '11 days'
where id = (select id from introductions where reach <> '' limit 1);

-- name: every_introduction_left_an_event#
-- an introduction answered past the house
update introductions set state = 'full', answered_at = now()
where id = (select id from introductions where state = 'asked' limit 1);

-- name: every_introduction_is_in_the_log_of_its_member#
-- a line that is gone from somebodys log
delete from accesses where what = 'introduction.asked';

-- name: nobody_waits_for_a_therapist_who_is_gone#
-- a listing hidden past the house while somebody waits for it
update listings set state = 'hidden', hidden_because = 'unconfirmed'
where id = (select listing_id from introductions where state = 'asked' limit 1);

-- name: complaints_are_forgotten#
-- a complaint of long ago that nobody tidied away
insert into complaints (listing_id, body, state, decided_at)
select id, 'Out of date', 'kept', now() - interval '2 years' from listings limit 1;

-- name: suggestions_are_forgotten#
-- a suggestion that nobody tidied away
update suggestions set created_at = now() - interval '40 days';

-- name: every_shown_listing_has_a_license_and_a_way_in#
-- a shown listing that nobody can reach
insert into listings (state, name, telehealth, fee_minimum, fee_maximum, source)
values ('shown', 'Nobody', true, 0, 0, 'organizer');

-- name: nobody_is_found_where_they_are_not_licensed#
-- a listing found in a state it has no license for
insert into listings (state, name, fee_minimum, fee_maximum, source, facets)
values ('draft', 'Elsewhere', 0, 0, 'organizer', '{in:ZZ}');
