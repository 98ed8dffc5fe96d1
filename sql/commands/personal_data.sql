-- name: find(email)$
-- whom an address belongs to, locked
select id from people where email = :email for update;

-- name: everything_of(person)^
-- every row that is about one person, a column of rows for each table
with mine as (select * from bookings where person_id = :person),

listed as (select * from listings where person_id = :person)

select
    (select jsonb_agg(to_jsonb(people)) from people where id = :person) as people,
    (select jsonb_agg(to_jsonb(credentials)) from credentials where person_id = :person) as credentials,
    (select jsonb_agg(to_jsonb(sign_in_requests)) from sign_in_requests where person_id = :person)
        as sign_in_requests,
    (select jsonb_agg(to_jsonb(sign_ins)) from sign_ins where person_id = :person) as sign_ins,
    (select jsonb_agg(to_jsonb(mails)) from mails where person_id = :person) as mails,
    (
        select jsonb_agg(to_jsonb(events)) from events
        where who = :person or about = :person or about in (select id from mine)
            or about in (select id from listed)
            or about in (select id from introductions where person_id = :person)
    ) as events,
    (select jsonb_agg(to_jsonb(acceptances)) from acceptances where person_id = :person) as acceptances,
    (select jsonb_agg(to_jsonb(guidelines_asked)) from guidelines_asked where person_id = :person)
        as guidelines_asked,
    (select jsonb_agg(to_jsonb(hosts)) from hosts where person_id = :person) as hosts,
    (
        select jsonb_agg(to_jsonb(host_invitations)) from host_invitations
        where answered_by = :person or email = (select people.email from people where id = :person)
    ) as host_invitations,
    (select jsonb_agg(to_jsonb(stand_ins)) from stand_ins where person_id = :person) as stand_ins,
    (select jsonb_agg(to_jsonb(pictures)) from pictures where person_id = :person) as pictures,
    (select jsonb_agg(to_jsonb(mine)) from mine) as bookings,
    (select jsonb_agg(to_jsonb(checkouts)) from checkouts where booking_id in (select id from mine)) as checkouts,
    (select jsonb_agg(to_jsonb(operations)) from operations where booking_id in (select id from mine))
        as operations,
    (select jsonb_agg(to_jsonb(money_rows)) from money_rows where booking_id in (select id from mine))
        as money_rows,
    (select jsonb_agg(to_jsonb(invites)) from invites where person_id = :person) as invites,
    (select jsonb_agg(to_jsonb(sendings)) from sendings where booking_id in (select id from mine)) as sendings,
    (select jsonb_agg(to_jsonb(taps)) from taps where booking_id in (select id from mine)) as taps,
    (select jsonb_agg(to_jsonb(hand_over_notes)) from hand_over_notes where about = :person) as hand_over_notes,
    (select jsonb_agg(to_jsonb(feeds)) from feeds where person_id = :person) as feeds,
    (select jsonb_agg(to_jsonb(reflections)) from reflections where changed_by = :person) as reflections,
    (
        select jsonb_agg(to_jsonb(messages)) from messages
        where written_by = :person or (state = 'sent' and booking_id in (select id from mine))
    ) as messages,
    (select jsonb_agg(to_jsonb(attendance)) from attendance where booking_id in (select id from mine))
        as attendance,
    (select jsonb_agg(to_jsonb(requests)) from requests where person_id = :person) as requests,
    (
        select jsonb_agg(to_jsonb(request_answers)) from request_answers
        where request_id in (select id from requests where person_id = :person)
    ) as request_answers,
    (select jsonb_agg(to_jsonb(listed)) from listed) as listings,
    (select jsonb_agg(to_jsonb(listing_pictures)) from listing_pictures where listing_id in (select id from listed))
        as listing_pictures,
    (select jsonb_agg(to_jsonb(licences)) from licences where listing_id in (select id from listed)) as licences,
    (select jsonb_agg(to_jsonb(listing_ways)) from listing_ways where listing_id in (select id from listed))
        as listing_ways,
    (select jsonb_agg(to_jsonb(complaints)) from complaints where person_id = :person) as complaints,
    (select jsonb_agg(to_jsonb(listing_imports)) from listing_imports where made_by = :person) as listing_imports,
    (
        select jsonb_agg(to_jsonb(listing_import_rows)) from listing_import_rows
        where listing_id in (select id from listed)
    ) as listing_import_rows,
    (select jsonb_agg(to_jsonb(short_lists)) from short_lists where person_id = :person) as short_lists,
    (select jsonb_agg(to_jsonb(introductions)) from introductions where person_id = :person) as introductions,
    (select jsonb_agg(to_jsonb(suggestions)) from suggestions where person_id = :person) as suggestions,
    (select jsonb_agg(to_jsonb(accesses)) from accesses where person_id = :person) as accesses,
    (select jsonb_agg(to_jsonb(exports)) from exports where who = :person) as exports;

-- name: ties_of(person)^
-- what must be settled before a person can be forgotten
select
    exists (
        select from bookings join gatherings on gatherings.id = gathering_id
        where person_id = :person and bookings.state in ('held', 'confirmed') and ends_at > now()
    ) as seats_ahead,
    exists (
        select from hosts join circles on circles.id = circle_id
        where person_id = :person and part = 'lead' and circles.state <> 'archived'
    ) as leads_circle,
    exists (
        select from operations join bookings on bookings.id = booking_id
        where person_id = :person and operations.kind = 'refund' and operations.state <> 'done'
    ) as money_due;

-- name: forget_keys(person)!
-- every sign-in
delete from sign_ins where person_id = :person;

-- name: forget_requests(person)!
-- every asking for a sign-in mail
delete from sign_in_requests
where person_id = :person or email = (select email from people where id = :person);

-- name: forget_mails(person)!
-- every mail to them
delete from mails
where person_id = :person or to_address = (select email from people where id = :person);

-- name: forget_notes(person)!
-- what hosts told one another of them
delete from hand_over_notes where about = :person;

-- name: forget_feed(person)!
-- the private calendar feed
delete from feeds where person_id = :person;

-- name: forget_credentials(person)!
-- training and credentials
delete from credentials where person_id = :person;

-- name: forget_messages(person)!
-- what hosts wrote to them alone, and what they began to write
delete from messages
where booking_id in (select id from bookings where person_id = :person)
    or (written_by = :person and state = 'draft');

-- name: forget_reply_address(person)!
-- where answers to their own messages went
update messages set reply_to = '' where written_by = :person;

-- name: forget_picture(person)!
-- the picture of a facilitator
delete from pictures where person_id = :person;

-- name: forget_hosting(person)!
-- the circles they helped to hold
delete from hosts where person_id = :person and part <> 'lead';

-- name: forget_invitations(person)!
-- invitations to help hold a circle
delete from host_invitations
where answered_by = :person or email = (select people.email from people where id = :person);

-- name: forget_asking(person)!
-- what they asked of circles, with all they wrote
delete from requests where person_id = :person;

-- name: forget_apart(person)!
-- with whom they were not to be seated
delete from apart where first_id = :person or second_id = :person;

-- name: forget_listing(person)!
-- their listing in the directory, with its licenses, ways and picture, what files that were brought in said of it,
-- and the mails in which members told them something, wherever those went
with said as (
    update listing_import_rows
    set cells = '{}', says = jsonb_build_object('was', says -> 'was', 'name', '', 'faults', array[]::text [], 'changes', '')
        || jsonb_build_object('facts', '', 'formulas', '')
    where listing_id in (select id from listings where person_id = :person)
), told as (
    delete from mails
    where id in (
        select introductions.mail_id from introductions join listings on listings.id = introductions.listing_id
        where listings.person_id = :person
    )
)

delete from listings where person_id = :person;

-- name: forget_introductions(person)!
-- every introduction they asked for, with what they told, in the mail too
with asked as (delete from introductions where person_id = :person returning mail_id)

delete from mails where id in (select mail_id from asked);

-- name: forget_short_list(person)!
-- the therapists they kept
delete from short_lists where person_id = :person;

-- name: forget_suggestions(person)!
-- what facilitators suggested to them
delete from suggestions where person_id = :person;

-- name: forget_accesses(person)!
-- their access log
delete from accesses where person_id = :person;

-- name: forget_complaints(person)!
-- what they told organizers of listings
delete from complaints where person_id = :person;

-- name: forget_name(person)!
-- the row stays, so that counts and money still add up, and names nobody
update people set
    email = id || '@gone.invalid', name = 'Somebody who left', pronouns = '', zone = '', about = '', access_needs = '',
    approach = '', languages = '',
    is_facilitator = false, is_organizer = false
where id = :person;
