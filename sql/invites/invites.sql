-- name: booking(booking_id)^
-- everything that the mail and the calendar entry of one booking contain; no row while its person is not to be told of it
select
    bookings.id as booking_id, bookings.state, bookings.kind, bookings.amount, bookings.currency,
    bookings.end_cause, bookings.gathering_id, bookings.person_id,
    people.email, people.name as person_name, people.zone as person_zone, people.clock_hours,
    people.remind_day, people.remind_hour, people.calendar_alarms,
    circles.discreet_name, circles.place, gatherings.zone, gatherings.length_minutes,
    gatherings.starts_at, gatherings.ends_at, gatherings.cancel_reason, now() as now,
    gatherings.told, bookings.full_refund_until, bookings.known, gathering_facts(gatherings.id) as facts,
    money.paid, money.refunded, money.refund_done, money.refund_failed, money.refund_stuck,
    money.refund_settled, money.disputed, money.kept, receipt_of(bookings.id) as receipt,
    (
        select jsonb_build_object(
            'state', pass_uses.state, 'returned', pass_uses.returned, 'pass_state', passes.state,
            'valid_until', passes.valid_until, 'currency', passes.currency,
            'was_over', coalesce(passes.ended_at < pass_uses.ended_at, false)
        )
        from pass_uses join passes on passes.id = pass_uses.pass_id where pass_uses.booking_id = bookings.id
    ) as on_pass,
    case when bookings.kind = 'paid' then bookings.amount > bookings.scale_suggested end as is_above,
    case when is_unanswered(bookings.id) then coalesce(giver.name, 'A host') end as giver_name
from bookings
left join given_seats as given on given.booking_id = bookings.id
left join people as giver on giver.id = given.given_by
cross join lateral (select * from bookings_with_money where bookings_with_money.id = bookings.id) as money
join people on people.id = bookings.person_id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where bookings.id = :booking_id and not is_untold_seat(bookings.id);

-- name: lock_invite(gathering_id, person_id, uid)^
-- the invite of a person and a gathering, created when it is missing, locked either way. A calendar may have read the seat
-- before, so it counts on from there
insert into invites (gathering_id, person_id, uid, sequence, changed_at)
select :gathering_id, :person_id, :uid, coalesce(max(early_sequence), 0), greatest(now(), max(early_changed_at))
from bookings
where gathering_id = :gathering_id and person_id = :person_id and state = 'confirmed'
on conflict (gathering_id, person_id) do update set uid = invites.uid
returning id, uid, sequence, told, changed_at, organizer;

-- name: lock_sent_invite(booking_id)^
-- the invite with which a booking was mailed last, locked: where its person moved another seat meanwhile, it is no longer that
-- of the gathering
select id, uid, sequence, told from invites
where id = (select invite_id from sendings where booking_id = :booking_id order by id desc limit 1)
for no key update;

-- name: keep_in_place(booking_id)$
-- keep a booking from moving to another gathering until the commit
select id from bookings where id = :booking_id for share;

-- name: sendings(invite_id)
-- what was mailed for an invite so far, oldest first
select booking_id, method, sequence, facts as fingerprint from sendings where invite_id = :invite_id order by id;

-- name: record_sending(invite_id, booking_id, method, sequence, fingerprint, told, organizer)^
-- a mail of an invite, its SEQUENCE and what it told on the invite itself; null tells nothing new. The time of the last
-- change, which mail and feed share, rises with the number; calendars count in whole seconds. The ORGANIZER stays the
-- mailbox that sent the invite first.
with sending as (
    insert into sendings (invite_id, booking_id, method, sequence, facts)
    values (:invite_id, :booking_id, :method, :sequence, :fingerprint)
    returning invite_id, sequence
)
update invites set
    sequence = coalesce(sending.sequence, invites.sequence),
    changed_at = greatest(
        now(),
        invites.changed_at,
        case
            when sending.sequence > invites.sequence
                then date_trunc('second', invites.changed_at) + interval '1 second'
        end
    ),
    told = coalesce(:told::jsonb, invites.told),
    organizer = coalesce(invites.organizer, :organizer)
from sending where invites.id = sending.invite_id
returning invites.changed_at, invites.organizer;

-- name: mine(actor_id, most)
-- a person's own gatherings, the nearest first, those ahead before those over: held and confirmed ones, and those ahead that were canceled
select
    bookings.*, gatherings.state as gathering_state, circles.name as circle_name, circles.place,
    coalesce(nullif(gatherings.city, ''), circles.city) as city,
    coalesce(nullif(gatherings.address, ''), circles.address) as address,
    coalesce(nullif(gatherings.join_link, ''), circles.join_link) as join_link,
    gatherings.zone, gatherings.length_minutes, gatherings.starts_at,
    gatherings.ends_at, gatherings.capacity, gatherings.seats_taken, gatherings.cancel_reason,
    gatherings.opened_at, now() as now,
    (
        select people.name from stand_ins join people on people.id = stand_ins.person_id
        where stand_ins.gathering_id = gatherings.id and (people.is_facilitator or people.is_organizer)
    ) as stand_in_name,
    least(
        gatherings.community_seats - gatherings.community_taken, gatherings.capacity - gatherings.seats_taken
    )::integer as community_left,
    case when gatherings.starts_at > now() then unseen_change(bookings.id) end as unseen_change,
    bookings.state = 'confirmed'
    and (must_agree_to(bookings.person_id, circles.guidelines_id) is not null or is_unanswered(bookings.id)) as must_agree,
    is_unanswered(bookings.id) as unanswered
from bookings_with_money as bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where bookings.person_id = :actor_id and (
    bookings.state in ('held', 'confirmed')
    or (bookings.end_cause = 'gathering_cancelled' and gatherings.ends_at > now())
)
-- what is ahead first, the nearest before all, then what is over, the latest before all
order by gatherings.ends_at <= now(), abs(extract(epoch from gatherings.starts_at - now())), bookings.id
limit :most;

-- name: calendar_booking(booking_id, actor_id)^
-- one confirmed booking of this person, for a calendar file
select
    bookings.id as booking_id, bookings.state, bookings.gathering_id, bookings.person_id,
    circles.discreet_name, gatherings.zone, gatherings.length_minutes, gatherings.starts_at, gatherings.ends_at,
    invites.uid, greatest(bookings.confirmed_at, bookings.early_changed_at, invites.changed_at) as changed_at,
    coalesce(invites.sequence, bookings.early_sequence) as sequence, invites.organizer,
    people.zone as person_zone, people.clock_hours,
    people.remind_day, people.remind_hour, people.calendar_alarms
from bookings
join people on people.id = bookings.person_id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
left join invites
    on invites.gathering_id = bookings.gathering_id and invites.person_id = bookings.person_id
where bookings.id = :booking_id and bookings.person_id = :actor_id and bookings.state = 'confirmed';

-- name: feed(token_hash)
-- the gatherings of a feed, ahead and of the last 30 days, each once; no row at all for an unknown token. last_told: what
-- the mail of an ended booking says too, which no later change alters
select * from (
    select distinct on (bookings.gathering_id)
        bookings.id as booking_id, bookings.state, bookings.gathering_id, feeds.person_id,
        circles.discreet_name, gatherings.zone, gatherings.length_minutes, gatherings.starts_at,
        gatherings.ends_at, invites.uid, invites.organizer, feeds.hosting_within, feeds.leaves_out_mailed,
        coalesce(invites.sequence, bookings.early_sequence) as sequence,
        case when bookings.state <> 'confirmed' then coalesce(invites.told, bookings.known) end as last_told,
        greatest(bookings.confirmed_at, bookings.ended_at, bookings.early_changed_at, invites.changed_at) as changed_at,
        people.zone as person_zone, people.clock_hours,
        people.remind_day, people.remind_hour, people.calendar_alarms
    from feeds
    join people on people.id = feeds.person_id
    left join (
        bookings
        join gatherings on gatherings.id = bookings.gathering_id
        and gatherings.ends_at > now() - interval '30 days'
        join circles on circles.id = gatherings.circle_id
    ) on bookings.person_id = feeds.person_id and bookings.confirmed_at is not null and not (
        feeds.leaves_out_mailed and exists (
            select from sendings join invites as mailed on mailed.id = sendings.invite_id
            where mailed.gathering_id = bookings.gathering_id and mailed.person_id = bookings.person_id
                and sendings.sequence is not null
        )
    )
    left join invites
        on invites.gathering_id = bookings.gathering_id and invites.person_id = bookings.person_id
    where feeds.token_hash = :token_hash or feeds.former_hashes @> array[:token_hash::bytea]
    order by bookings.gathering_id, bookings.state = 'confirmed' desc, bookings.ended_at desc nulls last
) as held
order by starts_at, gathering_id;

-- name: feed_number(person_id)^
-- the number of a person's feed and the hash of its token, null when there is none yet; how many suggestions they have, and
-- their requests to hosts that still count: not yet booked, for dates ahead; where they wait for a seat, and their passes
select
    feeds.number, feeds.token_hash, coalesce(feeds.leaves_out_mailed, false) as leaves_out_mailed,
    (
        select count(*) from message_people
        where message_people.person_id = person.id and message_people.gone_at is not null
            and message_people.read_at is null
    ) as unread,
    (
        select count(*) from suggestions
        where suggestions.person_id = person.id and suggestions.created_at > now() - interval '30 days'
    ) as suggested,
    (
        select coalesce(jsonb_agg(to_jsonb(mine) order by mine.starts_at nulls last, mine.id), '[]') from (
            select
                requests.id, requests.state, requests.kind, requests.gathering_id, requests.circle_id,
                circles.name as circle_name, dates.starts_at, dates.ends_at, dates.zone, dates.state as gathering_state
            from requests
            join circles on circles.id = requests.circle_id
            left join gatherings as dates on dates.id = requests.gathering_id
            where requests.person_id = person.id and requests.forgotten_at is null
                and (
                    requests.state in ('waiting', 'asked')
                    or requests.state = 'approved' and dates.state = 'open' and dates.starts_at > now()
                    and not exists (
                        select from bookings
                        where bookings.person_id = person.id and bookings.gathering_id = dates.id
                    )
                )
        ) as mine
    ) as requests,
    (
        select coalesce(jsonb_agg(to_jsonb(mine) order by mine.starts_at, mine.id), '[]') from (
            select
                waits.id, waits.state, waits.line, waits.offer_ends_at, place_in_line(waits) as place,
                circles.state = 'published' and dates.seats_taken < dates.capacity
                and (waits.line <> 'community' or dates.community_taken < dates.community_seats) as is_free,
                waits.gathering_id, circles.name as circle_name, dates.starts_at, dates.zone
            from waits
            join gatherings as dates on dates.id = waits.gathering_id
            join circles on circles.id = dates.circle_id
            where waits.person_id = person.id and waits.state in ('waiting', 'offered')
                and dates.state = 'open' and dates.starts_at > now()
        ) as mine
    ) as waits,
    (
        select coalesce(jsonb_agg(to_jsonb(mine) order by mine.valid_until nulls first, mine.id), '[]') from (
            select
                passes.id, passes.state, passes.uses, passes.used, passes.valid_until, passes.circle_id,
                circles.name as circle_name, circles.zone
            from passes join circles on circles.id = passes.circle_id
            where passes.person_id = person.id and passes.state in ('held', 'active')
        ) as mine
    ) as passes
from (values (:person_id::uuid)) as person (id)
left join feeds on feeds.person_id = person.id;

-- name: first_feed(person_id, token_hash, hosting_hash)!
-- a person's first feed, unless there is one
insert into feeds (person_id, token_hash, hosting_hashes) values (:person_id, :token_hash, array[:hosting_hash::bytea])
on conflict do nothing;

-- name: next_feed_number(person_id, token_hash)$
-- the next number of a feed, 1 for the first; the row is locked until its hash follows
insert into feeds as kept (person_id, token_hash) values (:person_id, :token_hash)
on conflict (person_id) do update set number = kept.number + 1, former_hashes = '{}', created_at = now()
returning number;

-- name: set_feed_hash(person_id, number, token_hash, hosting_hash)!
-- the hashes of the feed tokens of this number
update feeds set token_hash = :token_hash, hosting_hashes = array[:hosting_hash::bytea]
where person_id = :person_id and number = :number;

-- name: follow_secret(person_id, number, token_hash, hosting_hash)!
-- the hashes of the feed tokens of this number, derived from another secret; the addresses of before go on working
update feeds set
    token_hash = :token_hash,
    former_hashes = case
        when token_hash = :token_hash::bytea then former_hashes
        else array_append(array_remove(former_hashes, :token_hash::bytea), token_hash)
    end,
    hosting_hashes = array_append(array_remove(hosting_hashes, :hosting_hash::bytea), :hosting_hash::bytea)
where person_id = :person_id and number = :number
    and (token_hash <> :token_hash::bytea or not hosting_hashes @> array[:hosting_hash::bytea]);

-- name: end_feeds()
-- no address of any feed works any more; whose feeds these were. The next page derives a new address
update feeds set
    number = feeds.number + 1,
    token_hash = sha256(gen_random_uuid()::text::bytea),
    former_hashes = '{}',
    created_at = now()
from people
where people.id = feeds.person_id
returning people.id, people.email, people.name;

-- name: choose_feed(person_id, leaves_out_mailed)!
-- whether a person's feed leaves out what came by mail
update feeds set leaves_out_mailed = :leaves_out_mailed
where person_id = :person_id and leaves_out_mailed <> :leaves_out_mailed;
