-- name: no_gathering_is_oversold()$
-- no gathering has more active bookings than seats, and no seat lies beyond its capacity
select count(*) from (
    select gatherings.id
    from gatherings join bookings on bookings.gathering_id = gatherings.id
    where bookings.state in ('held', 'confirmed')
    group by gatherings.id
    having count(*) > gatherings.capacity or max(bookings.seat) > gatherings.capacity
) as oversold;

-- name: seats_taken_are_counted_right()$
-- the seats kept on each gathering are those of its active bookings, and its community seats likewise
select count(*) from gatherings
where (seats_map, community_taken) <> (
    select coalesce(bit_or(1 << seat - 1), 0), count(*) filter (where kind = 'community')
    from bookings where gathering_id = gatherings.id and state in ('held', 'confirmed')
);

-- name: no_more_community_seats_than_offered()$
-- no gathering gave away more community seats than it has
select count(*) from (
    select gatherings.id
    from gatherings join bookings on bookings.gathering_id = gatherings.id
    where bookings.state in ('held', 'confirmed') and bookings.kind = 'community'
    group by gatherings.id
    having count(*) > gatherings.community_seats
) as overgiven;

-- name: every_paid_seat_was_paid()$
-- every confirmed paid booking has its whole amount in the ledger
select count(*) from bookings
where state = 'confirmed' and kind = 'paid' and amount <> (
    select coalesce(sum(amount), 0) from money_rows where booking_id = bookings.id
);

-- name: no_money_without_a_seat()$
-- money of a booking that never took place, or was called off by the house, went back or is on its way back
select count(*) from bookings
where state = 'lapsed'
    and (select coalesce(sum(amount), 0) from money_rows where booking_id = bookings.id)
    <> (
        select coalesce(sum(amount), 0) from operations
        where booking_id = bookings.id and kind = 'refund' and state <> 'done'
    );

-- name: no_booking_gave_back_more_than_it_got()$
-- no booking has a negative balance
select count(*) from (
    select booking_id from money_rows group by booking_id having sum(amount) < 0
) as negative;

-- name: ledger_agrees_with_operations()$
-- every refund that was done stands in the ledger once, with the same amount
select count(*) from operations
where kind = 'refund' and state = 'done' and amount <> (
    select coalesce(-sum(money_rows.amount), 0) from money_rows
    where money_rows.kind = 'refund' and money_rows.stripe_id = operations.stripe_id
);

-- name: called_off_gatherings_are_empty()$
-- a cancelled gathering has no confirmed booking
select count(*) from gatherings join bookings on bookings.gathering_id = gatherings.id
where gatherings.state = 'cancelled' and bookings.state = 'confirmed';

-- name: called_off_gatherings_are_paid_back()$
-- what was paid for a cancelled gathering went back or is on its way back
select count(*) from gatherings join bookings on bookings.gathering_id = gatherings.id
where gatherings.state = 'cancelled' and bookings.end_cause = 'gathering_cancelled'
    and (select coalesce(sum(amount), 0) from money_rows where booking_id = bookings.id)
    <> (
        select coalesce(sum(amount), 0) from operations
        where booking_id = bookings.id and kind = 'refund' and state <> 'done'
    );

-- name: seats_taken_back_are_paid_back()$
-- what was paid for a seat that its host took back went back or is on its way back
select count(*) from bookings
where end_cause = 'by_host'
    and (select coalesce(sum(amount), 0) from money_rows where booking_id = bookings.id)
    <> (
        select coalesce(sum(amount), 0) from operations
        where booking_id = bookings.id and kind = 'refund' and state <> 'done'
    );

-- name: every_booking_agreed_to_guidelines()$
-- every booking rests on an acceptance by the same person, of the words as they were published
select count(*) from bookings
join acceptances on acceptances.id = bookings.acceptance_id
join guidelines_versions on guidelines_versions.id = acceptances.version_id
where acceptances.person_id <> bookings.person_id or acceptances.sha256 <> guidelines_versions.sha256;

-- name: only_material_changes_are_asked_about()$
-- nobody was asked to read guidelines again for a change that was not material
select count(*) from guidelines_asked join guidelines_versions on guidelines_versions.id = version_id
where not guidelines_versions.material;

-- name: every_change_left_an_event()$
-- every booking has an event row that tells of its present state
select count(*) from bookings where not exists (
    select from events where events.about = bookings.id and events.after = bookings.state
);

-- name: only_the_booked_are_marked()$
-- the register marks only confirmed bookings, or those of a gathering that was called off after it began
select count(*) from attendance join bookings on bookings.id = attendance.booking_id
where bookings.state <> 'confirmed' and bookings.end_cause <> 'gathering_cancelled';

-- name: every_circle_has_a_lead()$
-- every circle that is not archived has one lead host
select count(*) from circles where state <> 'archived' and 1 <> (
    select count(*) from hosts where hosts.circle_id = circles.id and hosts.part = 'lead'
);

-- name: every_message_left_an_event()$
-- every message that was sent has an event row that tells to how many
select count(*) from messages where state = 'sent' and not exists (
    select from events
    where events.about = messages.id and events.what = 'message.sent'
        and (events.details ->> 'mails')::int = messages.mails
);

-- name: wall_time_agrees_with_utc()$
-- the clocks of its zone show the wall time of a gathering when it starts
select count(*) from gatherings where starts_at at time zone zone <> wall_start;

-- name: every_payment_is_in_the_ledger_once()$
-- every checkout that was paid stands in the ledger with its whole amount, and no other does
select count(*) from checkouts where case state when 'paid' then amount else 0 end <> (
    select coalesce(sum(money_rows.amount), 0) from money_rows
    where money_rows.checkout_id = checkouts.id and money_rows.kind = 'payment'
);

-- name: money_keeps_its_currency()$
-- what arrives and what goes back is in the currency of the booking
select count(*) from money_rows join bookings on bookings.id = money_rows.booking_id
where money_rows.currency <> bookings.currency;

-- name: no_seat_is_held_for_ever()$
-- no seat is still held a day after its time to pay was over
select count(*) from bookings where state = 'held' and held_until < now() - interval '1 day';

-- name: invites_count_what_was_sent()$
-- the number on every invite is the highest that was mailed for it
select count(*) from invites where sequence < (
    select max(sendings.sequence) from sendings where sendings.invite_id = invites.id
);

-- name: what_was_said_in_requests_is_forgotten()$
-- no words are left of a request that was decided more than 31 days ago
select count(*) from requests where decided_at < now() - interval '31 days' and (
    words <> '' or exists (select from request_answers where request_answers.request_id = requests.id)
);

-- name: every_request_left_an_event()$
-- every request has an event row that tells of its present state
select count(*) from requests where not exists (
    select from events where events.about = requests.id and events.after = requests.state
);

-- name: planted_gatherings_stay_in_their_circle()$
-- every planted gathering is of the circle whose schedule planted it
select count(*) from gatherings join schedules on schedules.id = gatherings.schedule_id
where schedules.circle_id <> gatherings.circle_id;

-- name: facet_blocks_say_what_listings_say()$
-- whom the search finds by a facet are the shown listings that have it, no more and no fewer; no block is left stale
select (select count(*) from stale_blocks) + count(*) from (
    select listings.number, each.facet
    from listings cross join lateral unnest(listings.facets || array['all']) as each (facet)
    where listings.state = 'shown'
) as told
full join (
    select blocks.block * 4096 + each.place - 1 as number, blocks.facet
    from facet_blocks as blocks
    cross join lateral unnest(string_to_array(blocks.bits::text, null)) with ordinality as each (is_set, place)
    where each.is_set = '1'
) as marked on marked.number = told.number and marked.facet = told.facet
where told.number is null or marked.number is null;

-- name: what_was_told_in_introductions_is_forgotten()$
-- nothing that was told in an introduction is left a day after its time was over, in its mail or in its link either
select count(*) from introductions where expires_at < now() - interval '1 day' and (
    forgotten_at is null or call_name <> '' or reach <> '' or looking_for <> '' or own_words <> ''
    or answer_words <> '' or exists (select from mails where mails.id = introductions.mail_id)
);

-- name: every_introduction_left_an_event()$
-- every introduction has an event row that tells of its present state
select count(*) from introductions where not exists (
    select from events where events.about = introductions.id and events.after = introductions.state
);

-- name: every_introduction_is_in_the_log_of_its_member()$
-- whoever asked for an introduction finds in their own log whom they told something
select count(*) from introductions where not exists (
    select from accesses
    where accesses.person_id = introductions.person_id
        and accesses.listing_id is not distinct from introductions.listing_id
        and accesses.what = 'introduction.asked'
);

-- name: nobody_waits_for_a_therapist_who_is_gone()$
-- whatever still waits for an answer was asked of a listing that is shown
select count(*) from introductions left join listings on listings.id = introductions.listing_id
where introductions.state = 'asked' and listings.state is distinct from 'shown';

-- name: complaints_are_forgotten()$
-- no words are left of a complaint that was decided more than a year and two days ago, nor who sent it
select count(*) from complaints where decided_at < now() - interval '367 days' and forgotten_at is null;

-- name: suggestions_are_forgotten()$
-- no suggestion is older than a month and a day
select count(*) from suggestions where created_at < now() - interval '31 days';

-- name: every_shown_listing_has_a_license_and_a_way_in()$
-- every shown listing has a license, and a mail address or a link by which people reach it
select count(*) from listings where state = 'shown' and (
    (email = '' and cardinality(links) = 0)
    or not exists (select from licences where licences.listing_id = listings.id)
);

-- name: nobody_is_found_where_they_are_not_licensed()$
-- every listing is found in the states of its licenses, and in no other a day after one ran out
select count(*) from listings where exists (
    select from unnest(listings.facets) as told (facet)
    where told.facet ~ '^(in|at|tele):' and not exists (
        select from licences
        where licences.listing_id = listings.id and licences.area = split_part(told.facet, ':', 2)
            and licences.status = 'active' and coalesce(licences.expires_on >= (now() at time zone 'utc')::date - 1, true)
    )
) or exists (
    select from licences
    where licences.listing_id = listings.id and licences.status = 'active'
        and coalesce(licences.expires_on >= (now() at time zone 'utc')::date, true)
        and (listings.telehealth or (listings.in_person and licences.area = listings.area))
        and ('in:' || licences.area) <> all(listings.facets)
);
