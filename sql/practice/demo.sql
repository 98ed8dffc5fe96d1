-- name: is_new()$
-- whether nobody is here yet
select not exists (select from people);

-- name: keep_others_out()!
-- two who plant at once take turns, and the second finds somebody here
lock table people in share row exclusive mode;

-- name: plant_people(rows)!
-- everybody of the demo community
insert into people (
    id, email, name, pronouns, zone, is_facilitator, is_organizer, about, approach, languages, created_at
)
select
    id, email, name, pronouns, zone, is_facilitator, is_organizer, about, coalesce(approach, ''),
    coalesce(languages, ''), created_at
from jsonb_populate_recordset(null::people, :rows::jsonb);

-- name: plant_credentials(rows)!
-- what its facilitators learned
insert into credentials (id, person_id, kind, body, year, link, seen_at, seen_by)
select id, person_id, kind, body, year, coalesce(link, ''), seen_at, seen_by
from jsonb_populate_recordset(null::credentials, :rows::jsonb);

-- name: plant_pictures(rows)!
-- and a picture of none of them
insert into pictures (person_id, hash, jpeg, created_at)
select person_id, hash, jpeg, created_at from jsonb_populate_recordset(null::pictures, :rows::jsonb);

-- name: plant_guidelines(rows)!
-- one agreement for each circle
insert into guidelines (id, created_at)
select id, created_at from jsonb_populate_recordset(null::guidelines, :rows::jsonb);

-- name: plant_guidelines_versions(rows)!
-- and its versions
insert into guidelines_versions (id, guidelines_id, number, body, published_at, published_by, material, why)
select id, guidelines_id, number, body, published_at, published_by, coalesce(material, false), coalesce(why, '')
from jsonb_populate_recordset(null::guidelines_versions, :rows::jsonb);

-- name: plant_guidelines_drafts(rows)!
-- what is in the making
insert into guidelines_drafts (guidelines_id, body, saved_at, saved_by)
select guidelines_id, body, saved_at, saved_by
from jsonb_populate_recordset(null::guidelines_drafts, :rows::jsonb);

-- name: plant_guidelines_asked(rows)!
-- who was asked to read them again
insert into guidelines_asked (person_id, version_id, asked_at)
select person_id, version_id, asked_at
from jsonb_populate_recordset(null::guidelines_asked, :rows::jsonb);

-- name: plant_circles(rows)!
-- the circles
insert into circles (
    id, name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes,
    minimum, suggested, maximum, community_seats, refund_hours, late_refund_percent, guidelines_id, state,
    created_by, created_at
)
select
    id, name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes,
    minimum, suggested, maximum, community_seats, refund_hours, late_refund_percent, guidelines_id, state,
    created_by, created_at
from jsonb_populate_recordset(null::circles, :rows::jsonb);

-- name: plant_hosts(rows)!
-- who hosts which
insert into hosts (circle_id, person_id, part)
select circle_id, person_id, part from jsonb_populate_recordset(null::hosts, :rows::jsonb);

-- name: plant_schedules(rows)!
-- the rules that some circles keep
insert into schedules (
    id, circle_id, kind, first_date, every, weekdays, nth, month_day, dates, until, times, skipped, wall_time, zone,
    length_minutes, capacity, community_seats, created_by, created_at
)
select
    id, circle_id, kind, first_date, every, weekdays, nth, month_day, dates, until, times, skipped, wall_time, zone,
    length_minutes, capacity, community_seats, created_by, created_at
from jsonb_populate_recordset(null::schedules, :rows::jsonb);

-- name: plant_gatherings(rows)!
-- the gatherings; their bookings fill the seats
insert into gatherings (
    id, circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, note, state,
    cancel_reason, created_at, schedule_id, planned_for, by_hand, closed_at, closed_by, oddity
)
select
    id, circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, note, state,
    cancel_reason, created_at, schedule_id, planned_for, coalesce(by_hand, false), closed_at, closed_by, oddity
from jsonb_populate_recordset(null::gatherings, :rows::jsonb);

-- name: plant_host_invitations(rows)!
-- who is asked to help hold a circle
insert into host_invitations (id, circle_id, email, part, token_hash, invited_by, created_at, expires_at)
select id, circle_id, email, part, token_hash, invited_by, created_at, expires_at
from jsonb_populate_recordset(null::host_invitations, :rows::jsonb);

-- name: plant_stand_ins(rows)!
-- who holds one gathering in the place of another
insert into stand_ins (gathering_id, person_id, added_by, created_at)
select gathering_id, person_id, added_by, created_at
from jsonb_populate_recordset(null::stand_ins, :rows::jsonb);

-- name: plant_acceptances(rows)!
-- who agreed to which version, with the hash of its words
insert into acceptances (id, person_id, version_id, sha256, accepted_at)
select given.id, given.person_id, given.version_id, guidelines_versions.sha256, given.accepted_at
from jsonb_populate_recordset(null::acceptances, :rows::jsonb) as given
join guidelines_versions on guidelines_versions.id = given.version_id;

-- name: plant_bookings(rows)!
-- who sits where
insert into bookings (
    id, gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, refund_hours,
    late_refund_percent, acceptance_id, held_until, created_at, confirmed_at, ended_at, end_cause
)
select
    id, gathering_id, person_id, seat, kind, state, amount, 'USD', scale_minimum, scale_maximum, refund_hours,
    late_refund_percent, acceptance_id, held_until, created_at, confirmed_at, ended_at, end_cause
from jsonb_populate_recordset(null::bookings, :rows::jsonb);

-- name: plant_attendance(rows)!
-- the registers of the past gatherings
insert into attendance (booking_id, mark, marked_by, marked_at)
select booking_id, mark, marked_by, marked_at
from jsonb_populate_recordset(null::attendance, :rows::jsonb);

-- name: plant_checkouts(rows)!
-- what was asked of the practice look-alike of Stripe
insert into checkouts (
    id, booking_id, amount, currency, state, stripe_id, payment_intent, expires_at, looked_at, created_at
)
select
    id, booking_id, amount, 'USD', state, stripe_id, payment_intent, expires_at, created_at, created_at
from jsonb_populate_recordset(null::checkouts, :rows::jsonb);

-- name: plant_operations(rows)!
-- the calls that did so, all done
insert into operations (
    id, kind, booking_id, checkout_id, idempotency_key, amount, state, stripe_id, request, called_at, again_at,
    reason, created_at, done_at
)
select
    id, kind, booking_id, checkout_id, idempotency_key, amount, 'done', stripe_id, request, created_at, null,
    reason, created_at, created_at
from jsonb_populate_recordset(null::operations, :rows::jsonb);

-- name: plant_money_rows(rows)!
-- the ledger, in the order of time
insert into money_rows (at, booking_id, checkout_id, kind, amount, currency, stripe_id)
select at, booking_id, checkout_id, kind, amount, 'USD', stripe_id
from jsonb_populate_recordset(null::money_rows, :rows::jsonb) order by at;

-- name: plant_practice_objects(rows)!
-- what the look-alike remembers of it, so that refunds work
insert into practice_objects (id, kind, body, created_at)
select id, kind, body, created_at from jsonb_populate_recordset(null::practice_objects, :rows::jsonb);

-- name: plant_messages(rows)!
-- what the hosts wrote to those booked
insert into messages (id, gathering_id, written_by, body, reply_to, state, mails, created_at, sent_at)
select id, gathering_id, written_by, body, reply_to, 'sent', mails, created_at, sent_at
from jsonb_populate_recordset(null::messages, :rows::jsonb);

-- name: plant_run_sheets(rows)!
-- what the circles do with their time
insert into run_sheets (id, circle_id, gathering_id, changed_by, changed_at)
select id, circle_id, gathering_id, changed_by, changed_at
from jsonb_populate_recordset(null::run_sheets, :rows::jsonb);

-- name: plant_run_steps(rows)!
-- step by step
insert into run_steps (sheet_id, position, title, minutes, words)
select sheet_id, position, title, minutes, words from jsonb_populate_recordset(null::run_steps, :rows::jsonb);

-- name: plant_events(rows)!
-- who did what, in the order of time
insert into events (at, who, what, about, before, after, details)
select at, who, what, about, before, after, coalesce(details, '{}')
from jsonb_populate_recordset(null::events, :rows::jsonb) order by at;

-- name: plant_screenings(rows)!
-- what three circles decided about who comes
insert into screenings (circle_id, asks, questions, newcomers_most, newcomers_days)
select circle_id, asks, questions, newcomers_most, newcomers_days
from jsonb_populate_recordset(null::screenings, :rows::jsonb);

-- name: plant_requests(rows)!
-- who asks to come for the first time
insert into requests (
    id, circle_id, person_id, gathering_id, kind, state, words, created_at, moved_at, decided_at, decided_by
)
select
    id, circle_id, person_id, gathering_id, kind, state, words, created_at, coalesce(decided_at, created_at),
    decided_at, decided_by
from jsonb_populate_recordset(null::requests, :rows::jsonb);

-- name: plant_request_answers(rows)!
-- and what they wrote
insert into request_answers (request_id, number, question, answer)
select request_id, number, question, answer
from jsonb_populate_recordset(null::request_answers, :rows::jsonb);

-- name: plant_apart(rows)!
-- two who are not seated together
insert into apart (id, circle_id, first_id, second_id, set_by, created_at)
select id, circle_id, first_id, second_id, set_by, created_at
from jsonb_populate_recordset(null::apart, :rows::jsonb);

-- name: plant_rooms(rows)!
-- the room that is open just now
update gatherings set opened_at = given.opened_at, opened_by = given.opened_by, checks = given.checks
from jsonb_populate_recordset(null::gatherings, :rows::jsonb) as given where gatherings.id = given.id;

-- name: plant_needs(rows)!
-- what two of them want their hosts to know
update people set access_needs = given.access_needs
from jsonb_populate_recordset(null::people, :rows::jsonb) as given where people.id = given.id;

-- name: plant_invites(rows)!
-- what stands in the calendars of those with a seat ahead
insert into invites (id, gathering_id, person_id, uid, changed_at)
select id, gathering_id, person_id, uid, changed_at
from jsonb_populate_recordset(null::invites, :rows::jsonb);

-- name: plant_sendings(rows)!
-- the mail each of these invites came with
insert into sendings (invite_id, booking_id, method, sequence, facts, sent_at)
select given.invite_id, given.booking_id, 'REQUEST', 0, given.facts, given.sent_at
from
    jsonb_to_recordset(:rows::jsonb)
    as given (invite_id uuid, booking_id uuid, facts text, sent_at timestamptz);

-- name: plant_hand_over_notes(rows)!
-- what one host told the next
insert into hand_over_notes (id, circle_id, gathering_id, about, written_by, body, written_at)
select id, circle_id, gathering_id, about, written_by, body, written_at
from jsonb_populate_recordset(null::hand_over_notes, :rows::jsonb);

-- name: plant_reflections(rows)!
-- what hosts kept for themselves after a gathering
insert into reflections (gathering_id, went_well, carry_on, changed_by, changed_at)
select gathering_id, went_well, carry_on, changed_by, changed_at
from jsonb_populate_recordset(null::reflections, :rows::jsonb);

-- name: plant_listings(rows)!
-- the directory
insert into listings (
    id, person_id, state, hidden_because, name, letters, pronouns, headline, approach, experience, works_with,
    for_whom, languages, telehealth, in_person, city, area, zip, latitude, longitude, currency, fee_minimum,
    fee_maximum, sliding_floor, pro_bono_places, takes_insurance, insurance_words, gives_superbills,
    free_consultation, room, room_confirmed_at, answer_experience, answer_training, answer_medicine, links, email,
    phone, npi, found_by, source, source_note, source_by, came_at, confirmed_at, asked_at, marked_at, shown_at,
    created_at, changed_at
)
select
    id, person_id, state, hidden_because, name, letters, pronouns, headline, approach, experience, works_with,
    for_whom, languages, telehealth, in_person, city, area, zip, latitude, longitude, currency, fee_minimum,
    fee_maximum, sliding_floor, pro_bono_places, takes_insurance, insurance_words, gives_superbills,
    free_consultation, room, confirmed_at, answer_experience, answer_training, answer_medicine, links, email,
    phone, npi, found_by, source, source_note, source_by, came_at, confirmed_at, asked_at, marked_at, shown_at,
    came_at, confirmed_at
from jsonb_populate_recordset(null::listings, :rows::jsonb);

-- name: plant_licences(rows)!
-- where its therapists are licensed, and what the organizers checked of it
insert into licences (
    id, listing_id, kind, area, number, status, expires_on, source, checked_at, checked_by, checked_against
)
select id, listing_id, kind, area, number, status, expires_on, source, checked_at, checked_by, checked_against
from jsonb_populate_recordset(null::licences, :rows::jsonb);

-- name: plant_listing_ways(rows)!
-- how they work
insert into listing_ways (listing_id, way, credential, school, year)
select listing_id, way, credential, school, year
from jsonb_populate_recordset(null::listing_ways, :rows::jsonb);

-- name: plant_complaints(rows)!
-- what somebody said of one of them
insert into complaints (id, listing_id, person_id, body, created_at)
select id, listing_id, person_id, body, created_at
from jsonb_populate_recordset(null::complaints, :rows::jsonb);

-- name: plant_introductions(rows)!
-- what its members asked of therapists
insert into introductions (
    id, person_id, listing_id, state, told, call_name, reach, looking_for, own_words, answer_words, created_at,
    expires_at, answered_at
)
select
    id, person_id, listing_id, state, told, coalesce(call_name, ''), coalesce(reach, ''), coalesce(looking_for, ''),
    coalesce(own_words, ''), coalesce(answer_words, ''), created_at, expires_at, answered_at
from jsonb_populate_recordset(null::introductions, :rows::jsonb);

-- name: plant_suggestions(rows)!
-- what was suggested to one of them
insert into suggestions (id, person_id, made_by, listing_ids, words, created_at)
select id, person_id, made_by, listing_ids, words, created_at
from jsonb_populate_recordset(null::suggestions, :rows::jsonb);

-- name: plant_accesses(rows)!
-- and their own logs of it
insert into accesses (person_id, at, what, who, listing_id, details)
select person_id, at, what, who, listing_id, coalesce(details, '{}')
from jsonb_populate_recordset(null::accesses, :rows::jsonb) order by at;
