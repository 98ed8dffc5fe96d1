-- A large community of invented people for the measurements and for the test of the query plans, made within the
-- database. :people is how many; everything else follows from it: 5 bookings each, a gathering for every four people,
-- of which a sixth is ahead, a circle for every 500. Run with session_replication_role = replica, so no trigger runs:
-- what triggers keep (seats, facts) is written here.
-- An id follows from the kind and the number of its row, so that no statement has to look up another's rows.

create function pg_temp.row_id(kind text, number bigint) returns uuid language sql immutable parallel safe
return md5(kind || number)::uuid;

-- The state of booking b of gathering g; of a gathering, k is its place in its circle, 0 to 124, from 105 ahead. Every fourth of
-- those ahead is full and has a waiting list.
create function pg_temp.state_of(b bigint, k bigint, is_canceled boolean) returns text language sql immutable parallel safe
return case
    when is_canceled then 'cancelled' when k >= 105 and k % 4 = 3 or b % 100 < 85 then 'confirmed' when b % 100 < 95 then 'cancelled'
    when b % 100 < 98 then 'lapsed' when k >= 105 then 'held' else 'confirmed'
end;

insert into people (id, email, name, zone, is_facilitator, is_organizer, about, created_at)
select
    pg_temp.row_id('person', i), 'p' || i || '@example.org',
    (array['Ana', 'Bo', 'Chidi', 'Dara', 'Élise', 'Farid', 'Gil', 'Hana', 'Ines', 'Jun', 'Kai', 'Lena', 'Mira'])[1 + i % 13]
    || ' ' || initcap(translate(to_hex(i::bigint * 7919 % 1048573 + 1), '0123456789', 'ghijklmnop')),
    (array['America/New_York', '', 'America/Denver'])[1 + i % 3], i < :people / 1000, i between :people / 1000 and :people / 1000 + 4,
    case when i < :people / 1000 then 'I hold circles.' else '' end, now() - i % 1000 * interval '1 day'
from generate_series(0, :people - 1) as i;

insert into sign_ins (person_id, token_hash, created_at, expires_at)
select pg_temp.row_id('person', i), sha256(('sign-in' || i)::bytea), now() - i % 60 * interval '1 day', now() + interval '60 days'
from generate_series(0, :people - 1) as i;

insert into guidelines (id) select pg_temp.row_id('guidelines', c) from generate_series(0, :people / 500 - 1) as c;

insert into guidelines_versions (id, guidelines_id, number, body, material, why, published_at)
select
    pg_temp.row_id('version', c * 2 + n), pg_temp.row_id('guidelines', c), n + 1, '## What we agree' || repeat(' You may pass.', 20) || n,
    n = 1, case n when 1 then 'Clearer words' else '' end, now() - (3 - n) * interval '1 year'
from generate_series(0, :people / 500 - 1) as c, generate_series(0, 1) as n;

insert into circles (
    id, name, discreet_name, purpose, format, place, city, address, join_link, zone, capacity, length_minutes, minimum,
    suggested, maximum, community_seats, guidelines_id, state, created_by, created_at
)
select
    pg_temp.row_id('circle', c), 'Circle ' || c, 'Group ' || c, 'For the weeks after a medicine session.',
    (array['facilitated', 'peer'])[1 + c % 2], case when c % 4 = 0 then 'in_person' else 'online' end,
    case when c % 4 = 0 then 'Denver' else '' end, case when c % 4 = 0 then '12 Elm Street' else '' end,
    case when c % 4 = 0 then '' else 'https://meet.example.org/' || c end, 'America/New_York', 24, 90, 0, 3000, 8000, 1,
    pg_temp.row_id('guidelines', c), case when c % 40 = 39 then 'archived' else 'published' end,
    pg_temp.row_id('person', c % (:people / 1000)), now() - interval '3 years'
from generate_series(0, :people / 500 - 1) as c;

insert into hosts (circle_id, person_id, part)
select pg_temp.row_id('circle', c), pg_temp.row_id('person', (c + n * 3) % (:people / 1000)), case n when 0 then 'lead' else 'co' end
from generate_series(0, :people / 500 - 1) as c, generate_series(0, 1) as n;

insert into schedules (
    id, circle_id, kind, first_date, weekdays, wall_time, zone, length_minutes, capacity, community_seats, planted_until
)
select
    pg_temp.row_id('schedule', c), pg_temp.row_id('circle', c), 'weekly', current_date - 800, '{1}', time '18:00', 'America/New_York',
    90, 24, 1, current_date + 150
from generate_series(0, :people / 500 - 1) as c;

insert into gatherings (
    id, circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, seats_map,
    community_taken, state, cancel_reason, schedule_id, planned_for, closed_at, created_at
)
select
    pg_temp.row_id('gathering', g), pg_temp.row_id('circle', c), starts_at at time zone 'America/New_York', 'America/New_York', 90, starts_at,
    starts_at + interval '90 minutes', case when k % 4 = 3 and k >= 105 then 21 else 24 end, 1,
    coalesce(seats.map, 0) | case when k % 2 = 1 and k between 60 and 104 then 1 << 22 else 0 end
    | case when k % 4 = 3 and k >= 105 and not is_canceled then 1 << 20 else 0 end,
    coalesce(seats.community, 0),
    case when is_canceled then 'cancelled' else 'open' end, case when is_canceled then 'The host is ill.' else '' end,
    pg_temp.row_id('schedule', c), current_date - 735 + k::int * 7,
    case when k < 103 then starts_at + interval '3 hours' end, starts_at - interval '180 days'
from generate_series(0, :people / 4 - 1) as g
cross join lateral (
    select
        g % (:people / 500) as c, g / (:people / 500) as k, g / (:people / 500) % 25 = 7 and g % 5 = 0 as is_canceled,
        date_trunc('hour', now()) + (g / (:people / 500) - 105) * interval '7 days'
        + (1 + g % (:people / 500) * 10080 / (:people / 500)) * interval '1 minute' as starts_at
) as place
left join lateral (
    select
        bit_or(1 << s) as map, count(*) filter (
            where s = 4 and pg_temp.state_of(g * 20 + s, k, is_canceled) = 'confirmed' and (g * 20 + s) % 6 <> 0
        ) as community
    from generate_series(0, 19) as s
    where pg_temp.state_of(g * 20 + s, k, is_canceled) in ('held', 'confirmed')
) as seats on true;

insert into acceptances (id, person_id, version_id, sha256, accepted_at)
select pg_temp.row_id('acceptance', i), pg_temp.row_id('person', i), versions.id, versions.sha256, now() - interval '300 days'
from generate_series(0, :people - 1) as i
join guidelines_versions as versions on versions.id = pg_temp.row_id('version', i % (:people / 500) * 2 + i / 7 % 2);

-- The facts of gatherings ahead, which bookings know.
create temporary table facts as
select id, gathering_facts(id) as known from gatherings where starts_at > now();
create unique index on facts (id);
analyze facts;

create temporary table booked as
select
    b, pg_temp.row_id('booking', b) as id, pg_temp.row_id('gathering', g) as gathering_id, k, person, seat, state,
    case when b % 6 = 0 or state in ('held', 'lapsed') then 'paid' when seat = 5 then 'community' else 'free' end as kind,
    now() + ((k - 105) * 7 - b % 20) * interval '1 day' + least(b % 1440, 100) * interval '1 minute' as at, is_canceled
from generate_series(0, :people::bigint * 5 - 1) as b
cross join lateral (
    select
        b / 20 as g, b / 20 / (:people / 500) as k, (b % 20 + 1)::smallint as seat,
        ((b / 20 / (:people / 500) * 20 + b % 20) % 500) * (:people / 500) + b / 20 % (:people / 500) as person,
        b / 20 / (:people / 500) % 25 = 7 and b / 20 % 5 = 0 as is_canceled
) as place
cross join lateral (select pg_temp.state_of(b, k, is_canceled) as state) as state_of;
update booked set at = now() - b % 2000 * interval '30 minutes' where at > now();
analyze booked;

insert into bookings (
    id, gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, acceptance_id,
    held_until, created_at, confirmed_at, ended_at, end_cause, known
)
select
    booked.id, gathering_id, pg_temp.row_id('person', person), seat, kind, state, case kind when 'paid' then 3000 else 0 end, 'USD',
    0, 8000, pg_temp.row_id('acceptance', person), case state when 'held' then now() + interval '20 minutes' end, at,
    case state when 'confirmed' then at end, case when state in ('cancelled', 'lapsed') then at end,
    case when state = 'lapsed' then 'not_paid' when is_canceled then 'gathering_cancelled' when state = 'cancelled' then 'by_member' else '' end,
    facts.known
from booked left join facts on facts.id = gathering_id and state in ('held', 'confirmed');

insert into checkouts (id, booking_id, amount, currency, state, stripe_id, payment_intent, expires_at, created_at)
select
    pg_temp.row_id('checkout', b), id, 3000, 'USD',
    case state when 'held' then 'open' when 'lapsed' then 'expired' else 'paid' end, 'cs_' || id,
    'pi_' || id, case state when 'held' then now() + interval '20 minutes' else at + interval '31 minutes' end, at
from booked where kind = 'paid';

insert into checkout_lines (checkout_id, position, booking_id, amount)
select pg_temp.row_id('checkout', b), 1, id, 3000 from booked where kind = 'paid';

insert into operations (kind, booking_id, checkout_id, idempotency_key, state, stripe_id, request, called_at, again_at, created_at, done_at)
select 'create_checkout', id, pg_temp.row_id('checkout', b), 'create-' || id, 'done', 'cs_' || id, '{}', at, null, at, at
from booked where kind = 'paid';

insert into operations (
    kind, booking_id, checkout_id, idempotency_key, amount, state, stripe_id, request, called_at, again_at, created_at, done_at
)
select
    'refund', id, pg_temp.row_id('checkout', b), 'refund-' || id, 3000, case when b % 10007 = 0 then 'failed' else 'done' end, 're_' || id, '{}', at,
    case when b % 10007 = 0 then now() + interval '1 hour' end, at, case when b % 10007 = 0 then null else at end
from booked where kind = 'paid' and state = 'cancelled';

insert into money_rows (at, booking_id, checkout_id, kind, amount, currency, stripe_id)
select at, id, pg_temp.row_id('checkout', b), moved.kind, moved.amount, 'USD', moved.prefix || id
from booked cross join (values ('payment', 3000, 'cs_'), ('refund', -3000, 're_')) as moved (kind, amount, prefix)
where booked.kind = 'paid' and (
    moved.kind = 'payment' and state in ('confirmed', 'cancelled') or state = 'cancelled' and b % 10007 <> 0
);

-- What triggers keep of payments.
insert into payment_facts (checkout_id, at, circle_id, currency, state, gross, refunded, taken, waiting, fee)
select * from payment_sources;

insert into payment_sums (
    day, circle_id, state, currency, payments, gross, refunded, taken, waiting, fee, without_fee, is_folded
)
select
    (facts.at at time zone 'UTC')::date, level.circle_id, facts.state, facts.currency, count(*), sum(facts.gross), sum(facts.refunded),
    sum(facts.taken), sum(facts.waiting), coalesce(sum(facts.fee), 0), count(*) filter (where facts.fee is null), true
from payment_facts as facts
cross join lateral (values (facts.circle_id), ('00000000-0000-0000-0000-000000000000')) as level (circle_id)
group by 1, 2, 3, 4;

insert into events (at, who, what, about, after)
select at, pg_temp.row_id('person', person), 'booking.' || state, id, state from booked;

insert into attendance (booking_id, mark, marked_by, marked_at)
select id, case when b % 7 = 0 then 'absent' else 'came' end, pg_temp.row_id('person', b / 20 % (:people / 500) % (:people / 1000)), at
from booked where state = 'confirmed' and k between 60 and 104 and b % 10 <> 0;

insert into register_marks (gathering_id, booking_id, mark, made_by, made_at, received_at)
select gathering_id, id, case when b % 7 = 0 then 'absent' else 'came' end, pg_temp.row_id('person', b / 20 % (:people / 500) % (:people / 1000)), at, at
from booked where state = 'confirmed' and k between 60 and 104 and b % 10 <> 0;

insert into register_facts (source_id, gathering_id, person_id, starts_at, mark)
select
    booked.id, booked.gathering_id, pg_temp.row_id('person', person), gatherings.starts_at, case when b % 7 = 0 then 'absent' else 'came' end
from booked join gatherings on gatherings.id = booked.gathering_id
where booked.state = 'confirmed' and k between 60 and 104 and b % 10 <> 0;

insert into register_counts (gathering_id, marked, came)
select gathering_id, count(*), count(*) filter (where b % 7 <> 0)
from booked where state = 'confirmed' and k between 60 and 104 and b % 10 <> 0 group by gathering_id;

insert into invites (id, gathering_id, person_id, uid, sequence, changed_at)
select pg_temp.row_id('invite', b), gathering_id, pg_temp.row_id('person', person), id || '@example.org', 0, at
from booked where state in ('confirmed', 'cancelled') and k >= 95;

insert into sendings (invite_id, booking_id, method, sequence, facts, sent_at)
select pg_temp.row_id('invite', b), id, 'REQUEST', 0, 'facts', at
from booked where state in ('confirmed', 'cancelled') and k >= 95;

insert into stripe_events (id, type, object_id, received_at)
select 'evt_' || id, 'checkout.session.completed', 'cs_' || id, at from booked where kind = 'paid' and at > now() - interval '90 days';

insert into invite_replies (invite_id, answer, sequence, answered_at)
select pg_temp.row_id('invite', b), case b % 4 when 0 then 'declined' else 'accepted' end, 0, at
from booked where state = 'confirmed' and k >= 95 and b % 3 = 0;

insert into reminders (booking_id, kind, starts_at, batch, planned_at, sent_at)
select
    booked.id, kinds.kind, gatherings.starts_at, pg_temp.row_id('batch', b / 100), gatherings.starts_at - kinds.before,
    gatherings.starts_at - kinds.before
from booked
join gatherings on gatherings.id = booked.gathering_id
cross join (values ('day', interval '24 hours'), ('hour', interval '1 hour')) as kinds (kind, before)
where booked.state = 'confirmed' and booked.k between 101 and 105 and gatherings.starts_at - kinds.before < now();

insert into cash_rows (id, at, booking_id, kind, amount, currency, noted_by)
select
    pg_temp.row_id('cash', b), at, id, 'received', 2000, 'USD', pg_temp.row_id('person', b / 20 % (:people / 500) % (:people / 1000))
from booked where state = 'confirmed' and kind = 'free' and k between 60 and 104 and b % 20 = 7;

insert into given_seats (booking_id, given_by, name, email, made_account, given_at, answered_at)
select
    id, pg_temp.row_id('person', b / 20 % (:people / 500) % (:people / 1000)), 'Ana', 'p' || person || '@example.org', false, at,
    case when b % 800 <> 7 then at end
from booked where state = 'confirmed' and kind = 'free' and b % 200 = 7;

insert into taps (key, booking_id, mark, tapped_at)
select pg_temp.row_id('tap', b), id, 'came', at from booked where state = 'confirmed' and k between 101 and 104;

-- Who waits: seven for every fourth gathering ahead, the first of them with an offer, and those who waited in vain lately.
insert into waits (
    id, gathering_id, person_id, line, amount, currency, acceptance_id, state, joined_at, moved_at, seat, offered_at, offer_ends_at,
    ended_at, end_cause
)
select
    pg_temp.row_id('wait', g * 7 + n), pg_temp.row_id('gathering', g), pg_temp.row_id('person', person), 'amount', 3000, 'USD',
    pg_temp.row_id('acceptance', person), state, now() - (7 - n) * interval '1 hour', now(), case state when 'offered' then 21 end,
    case state when 'offered' then now() end, case state when 'offered' then now() + interval '20 hours' end,
    case state when 'closed' then now() - g % 29 * interval '1 day' end, case state when 'closed' then 'began' else '' end
from generate_series(0, :people / 4 - 1) as g
cross join generate_series(0, 6) as n
cross join lateral (select g / (:people / 500) as k, g % (:people / 500) as c) as place
cross join lateral (
    select
        (k * 20 + 200 + n) % 500 * (:people / 500) + c as person,
        case when k < 105 then 'closed' when n = 0 then 'offered' else 'waiting' end as state
) as who
where k >= 101 and k % 4 = 3 and not (k % 25 = 7 and g % 5 = 0);

-- Who came without a booking, to every other gathering of the last year; half of them paid by hand.
insert into walk_ins (id, gathering_id, name, person_id, seat, added_by, added_at)
select
    pg_temp.row_id('walk-in', g), gatherings.id, case when g % 3 = 0 then 'Sam' else '' end,
    case when g % 3 <> 0 then pg_temp.row_id('person', (g * 7 + 11) % :people) end, 23,
    pg_temp.row_id('person', g % (:people / 500) % (:people / 1000)), gatherings.starts_at
from generate_series(0, :people / 4 - 1) as g
join gatherings on gatherings.id = pg_temp.row_id('gathering', g)
where g / (:people / 500) between 60 and 104 and g / (:people / 500) % 2 = 1;

insert into cash_rows (id, at, walk_in_id, kind, amount, currency, noted_by)
select pg_temp.row_id('walk-in-cash', added_number), added_at, id, 'received', 1500, 'USD', added_by
from (select id, added_at, added_by, row_number() over (order by id) as added_number from walk_ins) as walk_ins
where added_number % 2 = 0;

drop table booked, facts;

insert into feeds (person_id, token_hash)
select pg_temp.row_id('person', i), sha256(('feed' || i)::bytea) from generate_series(0, :people - 1, 3) as i;

insert into mails (
    kind, person_id, to_address, to_name, subject, text_body, html_body, message_id, state, created_at, sent_at, about
)
select
    case i % 3 when 0 then 'booking' when 1 then 'message' else 'invite' end, pg_temp.row_id('person', i), 'p' || i || '@example.org', 'Ana', 'Group',
    repeat('words ', 50), '<p>' || repeat('words ', 50), '<' || i || '@example.org>',
    case when i % 997 = 1 then 'refused' when i % 4999 = 1 then 'waiting' else 'sent' end, now() - i % 30 * interval '1 day',
    case when i % 997 <> 1 and i % 4999 <> 1 then now() - i % 30 * interval '1 day' end,
    case i % 3 when 1 then pg_temp.row_id('message', i % (:people / 40)) end
from generate_series(0, :people / 2 - 1) as i;

insert into unreached_addresses (address, because)
select 'p' || i || '@example.org', 'refused' from generate_series(0, :people - 1, 250) as i;

insert into messages (id, gathering_id, written_by, body, state, mails, created_at, sent_at)
select
    pg_temp.row_id('message', m), pg_temp.row_id('gathering', m * 10 + 2),
    pg_temp.row_id('person', (m * 10 + 2) % (:people / 500) % (:people / 1000)), 'See you soon.', 'sent', 20, now() - m % 700 * interval '1 day', now() - m % 700 * interval '1 day'
from generate_series(0, :people / 40 - 1) as m;

insert into message_people (message_id, person_id, gone_at, read_at)
select
    pg_temp.row_id('message', m), pg_temp.row_id('person', ((k * 20 + s) % 500) * (:people / 500) + (m * 10 + 2) % (:people / 500)),
    now() - m % 700 * interval '1 day', case when s % 2 = 0 then now() - m % 700 * interval '1 day' end
from generate_series(0, :people / 40 - 1) as m
cross join generate_series(0, 19) as s
cross join lateral (select (m * 10 + 2) / (:people / 500) as k) as place;

insert into messages (id, circle_id, audience, written_by, body, state, mails, created_at, sent_at)
select
    pg_temp.row_id('circle-message', c), pg_temp.row_id('circle', c), 'ahead', pg_temp.row_id('person', c % (:people / 1000)),
    'A new room.', 'sent', 100, now() - c % 90 * interval '1 day', now() - c % 90 * interval '1 day'
from generate_series(0, :people / 500 - 1) as c;

insert into message_people (message_id, person_id, gone_at)
select pg_temp.row_id('circle-message', c), pg_temp.row_id('person', n * 5 * (:people / 500) + c), now() - c % 90 * interval '1 day'
from generate_series(0, :people / 500 - 1) as c, generate_series(0, 99) as n;

insert into events (what, about, after, details)
select 'message.sent', pg_temp.row_id('message', m), 'sent', '{"mails": 20}' from generate_series(0, :people / 40 - 1) as m;

insert into hand_over_notes (circle_id, gathering_id, about, written_by, body, written_at)
select
    pg_temp.row_id('circle', g % (:people / 500)), pg_temp.row_id('gathering', g), pg_temp.row_id('person', g % (:people / 500)),
    pg_temp.row_id('person', g % (:people / 500) % (:people / 1000)), 'Sat near the door.', now() - g % 29 * interval '1 day'
from generate_series(:people / 500 * 102, :people / 500 * 105 - 1) as g;

insert into reflections (gathering_id, went_well, changed_by)
select pg_temp.row_id('gathering', g), 'A calm evening.', pg_temp.row_id('person', g % (:people / 500) % (:people / 1000))
from generate_series(0, :people / 500 * 104, 5) as g;

insert into screenings (circle_id, asks, questions)
select pg_temp.row_id('circle', c), 'questions', '{"What brings you?"}' from generate_series(0, :people / 500 - 1, 3) as c;

insert into requests (id, circle_id, person_id, kind, state, words, created_at, moved_at, decided_at, forgotten_at)
select
    pg_temp.row_id('request', r), pg_temp.row_id('circle', r * 20 % (:people / 500)), pg_temp.row_id('person', r * 20), 'questions',
    case when r % 40 = 0 then 'waiting' else 'approved' end, '', now() - r % 500 * interval '1 day', now() - r % 500 * interval '1 day',
    case when r % 40 <> 0 then now() - r % 500 * interval '1 day' end,
    case when r % 40 <> 0 and r % 500 > 30 then now() - r % 500 * interval '1 day' + interval '30 days' end
from generate_series(0, :people / 20 - 1) as r;

insert into request_answers (request_id, number, question, answer)
select id, 1, 'What brings you?', 'A friend.' from requests where forgotten_at is null;

insert into events (who, what, about, after)
select person_id, 'request.' || state, id, state from requests;

insert into apart (circle_id, first_id, second_id)
select pg_temp.row_id('circle', c), least(one, other), greatest(one, other)
from generate_series(0, :people / 500 - 1, 10) as c
cross join lateral (select pg_temp.row_id('person', c + :people / 500) as one, pg_temp.row_id('person', c + :people / 500 * 2) as other) as pair;

insert into host_invitations (circle_id, email, part, token_hash, state, created_at, expires_at, ended_at)
select
    pg_temp.row_id('circle', c), 'h' || c || '@example.org', 'co', sha256(('host' || c)::bytea), case when c % 10 = 0 then 'open' else 'accepted' end,
    now() - interval '3 days', now() + interval '11 days', case when c % 10 <> 0 then now() end
from generate_series(0, :people / 500 - 1) as c;

insert into stand_ins (gathering_id, person_id)
select pg_temp.row_id('gathering', g), pg_temp.row_id('person', g % (:people / 1000))
from generate_series(0, :people / 4 - 1, 97) as g;

insert into host_entries (gathering_id, person_id, uid, changed_at, facts, told, mailed, mailed_sequence)
select
    gatherings.id, host.person_id, gatherings.id || '-' || host.person_id, gatherings.created_at, facts.entry,
    case when is_mailed then facts.entry end, case when is_mailed then 'REQUEST' end, case when is_mailed then 0 end
from gatherings
cross join lateral hosting_people(gatherings.id) as host
cross join lateral (
    select host_entry_facts(gatherings.id) as entry, left(host.person_id::text, 1) in ('0', '1', '2', '3') as is_mailed
) as facts
where gatherings.state = 'open' and gatherings.starts_at > now() - interval '70 days';

insert into role_requests (person_id, state, decided_at)
select pg_temp.row_id('person', i), case when i % 3 = 0 then 'open' else 'granted' end, case when i % 3 <> 0 then now() end
from generate_series(:people / 1000 + 5, :people - 1, 5000) as i;

insert into credentials (person_id, kind, body, year)
select pg_temp.row_id('person', i / 2), 'Training', 'A school', 2015 from generate_series(0, :people / 500 - 1) as i;

insert into run_sheets (id, circle_id)
select pg_temp.row_id('sheet', c), pg_temp.row_id('circle', c) from generate_series(0, :people / 500 - 1) as c;

insert into run_steps (sheet_id, position, title, minutes)
select pg_temp.row_id('sheet', c), n, 'Arriving', 15 from generate_series(0, :people / 500 - 1) as c, generate_series(1, 6) as n;

insert into guidelines_asked (person_id, version_id)
select pg_temp.row_id('person', i), pg_temp.row_id('version', i % (:people / 500) * 2 + 1) from generate_series(0, :people - 1, 10) as i;

insert into sign_in_requests (email, person_id, browser_hash, code_hash, link_hash, created_at, expires_at, proven_at, used_at)
select
    'p' || i || '@example.org', pg_temp.row_id('person', i), sha256(('browser' || i)::bytea), sha256('1'), sha256(('link' || i)::bytea),
    now() - i % 24 * interval '1 hour', now() - i % 24 * interval '1 hour' + interval '20 minutes', now(), now()
from generate_series(0, :people - 1, 20) as i;

insert into known_browsers (person_id, key_hash, created_at, used_at)
select pg_temp.row_id('person', i), sha256(('key' || i)::bytea), now() - i % 60 * interval '1 day', now() - i % 60 * interval '1 day'
from generate_series(0, :people - 1, 2) as i;

insert into limits (key, window_start, count)
select 'sign-in:' || i, date_trunc('hour', now()), 1 from generate_series(0, :people - 1, 20) as i;

insert into sent_forms (key, location, sent_at)
select sha256(('form' || i)::bytea), '/', now() - i % 60 * interval '1 minute' from generate_series(0, :people - 1, 50) as i;

insert into kept_forms (token_hash, sealed, created_at)
select sha256(('form' || i)::bytea), '\x00', now() - i % 60 * interval '1 minute' from generate_series(0, :people - 1, 200) as i;

insert into exports (what, who, at, filters, row_count, finished_at)
select 'attendance', pg_temp.row_id('person', :people / 1000), now() - i * interval '1 hour', '{"from": "2026-01-01", "to": "2026-01-31", "circles": []}', 1000, now() - i * interval '1 hour'
from generate_series(1, :people / 500) as i;

insert into pgqueuer_log (created, job_id, status, priority, entrypoint, aggregated)
select now() - i % 20000 * interval '1 minute', i, 'successful', 0, 'mail.deliver', true from generate_series(1, :people) as i;

insert into accesses (person_id, what, at)
select pg_temp.row_id('person', i), 'register.read', now() - i % 300 * interval '1 day' from generate_series(0, :people - 1, 5) as i;

insert into complaints (id, listing_id, person_id, body, state, created_at, decided_at)
select
    pg_temp.row_id('complaint', n), listings.id, pg_temp.row_id('person', n), 'The number is wrong.', case n % 5 when 0 then 'open' else 'kept' end,
    now() - n % 300 * interval '1 day', case n % 5 when 0 then null else now() - n % 300 * interval '1 day' end
from (select id, (row_number() over (order by id))::int as n from listings) as listings
where n % 20 = 0;

insert into introductions (id, person_id, listing_id, state, told, created_at, expires_at, forgotten_at)
select
    pg_temp.row_id('introduction', n), pg_temp.row_id('person', n * 7), listings.id, 'ended', '{call_name}', now() - n % 300 * interval '1 day',
    now() - n % 300 * interval '1 day' + interval '30 days', now() - n % 300 * interval '1 day'
from (select id, row_number() over (order by id) as n from listings) as listings;

insert into short_lists (person_id, listing_id)
select pg_temp.row_id('person', n * 13), id from (select id, row_number() over (order by id) as n from listings) as listings;

insert into suggestions (person_id, words, created_at)
select pg_temp.row_id('person', i), 'Have a look.', now() - i % 29 * interval '1 day' from generate_series(0, :people - 1, 100) as i;

insert into accesses (person_id, what, listing_id, at)
select person_id, 'introduction.asked', listing_id, created_at from introductions;

insert into events (at, who, what, about, after)
select created_at, person_id, 'introduction.ended', id, state from introductions;
