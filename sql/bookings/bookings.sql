-- name: eligibility(gathering_id, actor_id)^
-- a gathering, and what decides whether a person may book it: the time, the guidelines in force, their latest booking here (an active one
-- first), checkouts of seats held for them, a pass that they can use, their seats at overlapping hours, and how the circle admits
-- people
select
    gatherings.*, clock_timestamp() as now,
    newest.id as version_id, newest.body as guidelines,
    held_checkouts(:actor_id) as held,
    (
        select jsonb_build_object('id', id, 'left', uses - used, 'valid_until', valid_until) from passes
        where person_id = :actor_id and circle_id = gatherings.circle_id and state = 'active'
            and valid_until >= gatherings.starts_at and used < uses
        order by valid_until, id limit 1
    ) as pass,
    own_seat(gatherings.gathering_id, :actor_id) as own,
    overlaps_of(gatherings.gathering_id, :actor_id) as overlaps, admission.*,
    case when admission.newcomers_most is null then 0 else newcomers_at(gatherings.gathering_id) end as newcomers
from bookable_gatherings as gatherings
cross join admission_to(gatherings.circle_id, :actor_id, gatherings.gathering_id) as admission
cross join lateral (
    select id, body from guidelines_versions
    where guidelines_versions.guidelines_id = gatherings.guidelines_id
    order by number desc limit 1
) as newest
where gatherings.gathering_id = :gathering_id;

-- name: full_gathering(gathering_id, actor_id)^
-- a gathering ahead whose seats are all taken, with the next dates of its circle that have a free one, for somebody who has no
-- seat there and does not wait for one; no row otherwise
select
    gatherings.id as gathering_id, gatherings.circle_id, circles.name as circle_name, gatherings.starts_at,
    gatherings.zone, dates.ids, dates.starts, dates.zones, dates.seats
from gatherings
join circles on circles.id = gatherings.circle_id and circles.state = 'published'
cross join lateral (
    select
        coalesce(array_agg(id), '{}') as ids, coalesce(array_agg(next.starts_at), '{}') as starts,
        coalesce(array_agg(next.zone), '{}') as zones, coalesce(array_agg(next.seats_left), '{}') as seats
    from (
        select others.id, others.starts_at, others.zone, others.capacity - others.seats_taken as seats_left
        from gatherings as others
        where others.circle_id = gatherings.circle_id and others.id <> gatherings.id and others.state = 'open'
            and others.starts_at > now() and others.seats_taken < others.capacity
        order by others.starts_at limit 3
    ) as next
) as dates
where gatherings.id = :gathering_id and gatherings.state = 'open' and gatherings.starts_at > clock_timestamp()
    and gatherings.seats_taken >= gatherings.capacity
    and not exists (
        select from bookings
        where bookings.gathering_id = gatherings.id and bookings.person_id = :actor_id
            and bookings.state in ('held', 'confirmed')
    )
    and not exists (
        select from waits
        where waits.gathering_id = gatherings.id and waits.person_id = :actor_id and waits.state in ('waiting', 'offered')
    );

-- name: other_dates(circle_id, gathering_id)
-- the next gatherings of a circle with a free seat, other than this one
select id, starts_at, zone, capacity - seats_taken as seats_left
from gatherings
where circle_id = :circle_id and id <> :gathering_id and state = 'open' and starts_at > now()
    and seats_taken < capacity
order by starts_at limit 3;

-- name: take_seat(gathering_id, person_id, kind, amount, currency, minimum, maximum, refund_hours, late_percent, version_id, hold_minutes, max_held)^
-- take the lowest free seat of an open gathering, with the person's acceptance of the guidelines, the event row and the job that
-- invites to a confirmed one, in one statement, or do nothing and give no row. The free seats are read from the locked row, which
-- is current once the lock is held, and not from the bookings, whose snapshot is as old as the statement; room_lets_in and
-- may_hold_another take a new snapshot too. The acceptance needs a seat that the person may take, so that every booking locks the
-- gathering first and the acceptance second, and nobody's is kept whose booking is refused
with gathering as (
    select id, seats_map from gatherings
    where id = :gathering_id and state = 'open' and starts_at > clock_timestamp() and seats_taken < capacity
        and (:kind::text <> 'community' or community_taken < community_seats)
    for no key update
), free as (
    select gathering.id, min(number) as seat
    from gathering cross join generate_series(1, 24) as number
    where gathering.seats_map & (1 << number - 1) = 0
    group by gathering.id
), allowed as materialized (
    select id, seat from free
    where room_lets_in(id, :person_id) and (:kind::text <> 'paid' or may_hold_another(:person_id, :max_held))
), acceptance as (
    insert into acceptances (person_id, version_id, sha256)
    select :person_id, versions.id, versions.sha256
    from allowed cross join guidelines_versions as versions
    where versions.id = :version_id
    on conflict (person_id, version_id) do update set accepted_at = acceptances.accepted_at
    returning id
), booking as (
    insert into bookings (
        gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum,
        refund_hours, late_refund_percent, acceptance_id, held_until, confirmed_at
    )
    select
        allowed.id, :person_id, allowed.seat, :kind, case when :kind = 'paid' then 'held' else 'confirmed' end,
        :amount, :currency, :minimum, :maximum, :refund_hours, :late_percent, acceptance.id,
        case when :kind = 'paid' then now() + make_interval(mins => :hold_minutes) end,
        case when :kind <> 'paid' then now() end
    from allowed cross join acceptance
    on conflict do nothing
    returning id, gathering_id, person_id, seat, kind, state, amount, currency, held_until, end_cause
), event as (
    insert into events (what, about, who, after, why)
    select 'booking.' || state, id, person_id, state, kind from booking
)
select
    booking.*,
    case when state = 'confirmed' then
        enqueue_job('invites.send', jsonb_build_object('booking_id', id)::text, id::text)
    end as invite
from booking;

-- name: lock_gathering(booking_id)$
-- lock the gathering of a booking, always before the booking itself, so that two verbs never deadlock
select lock_gathering_of(:booking_id);

-- name: unstarted(booking_id)^
-- a held seat whose checkout is not made at Stripe yet, with what making it takes
select bookings.amount, bookings.currency, circles.discreet_name
from bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
left join checkouts on checkouts.id = checkout_named(bookings.id)
where bookings.id = :booking_id and bookings.state = 'held' and coalesce(checkouts.state, 'asked') = 'asked';

-- name: lock_gatherings(booking_ids)!
-- lock the gatherings of several bookings, in the order in which everybody locks several
select id from gatherings
where id in (select gathering_id from bookings where bookings.id = any(:booking_ids::uuid []))
order by id
for no key update;

-- name: lock(booking_id)^
-- lock one booking and read it with its gathering and its money; left_over: what was paid and no refund was requested of
select
    bookings.*, clock_timestamp() as now,
    gatherings.state as gathering_state, gatherings.starts_at, gatherings.ends_at, gatherings.zone,
    circles.id as circle_id, circles.discreet_name, circles.guidelines_id,
    (must_agree_to(bookings.person_id, circles.guidelines_id) is not null or is_unanswered(bookings.id)) as must_agree,
    is_unanswered(bookings.id) as unanswered,
    array(select paid_at from additions_kept(bookings.id) order by paid_at, kept) as added_at,
    array(select kept from additions_kept(bookings.id) order by paid_at, kept) as added_kept,
    money.paid, money.refunded, money.refund_done, money.refund_failed, money.refund_stuck, money.refund_settled,
    money.disputed, money.kept, money.kept as left_over
from bookings
cross join lateral (select * from bookings_with_money where bookings_with_money.id = bookings.id) as money
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where bookings.id = :booking_id
for no key update of bookings;

-- name: confirm(booking_id)!
-- confirm a held booking that was paid
update bookings set state = 'confirmed', confirmed_at = now() where id = :booking_id and state = 'held';

-- name: keep_amount(booking_id)!
-- a booking gets the amount that its checkout really brought for it, and its own copy of the scale includes it
update bookings set
    amount = lines.amount, scale_minimum = least(bookings.scale_minimum, lines.amount),
    scale_maximum = greatest(bookings.scale_maximum, lines.amount)
from checkout_lines as lines
where bookings.id = :booking_id and lines.booking_id = bookings.id and not lines.is_addition;

-- name: seat_again(booking_id)$
-- a lapsed booking that was paid late takes the lowest seat still free, or none. The caller holds the gathering's lock
update bookings
set seat = free.seat, state = 'confirmed', confirmed_at = now(), ended_at = null, end_cause = ''
from bookings as lapsed
join gatherings on gatherings.id = lapsed.gathering_id
cross join lateral (
    select min(number) as seat from generate_series(1, 24) as number
    where gatherings.seats_map & (1 << number - 1) = 0 and number <= gatherings.capacity
) as free
where bookings.id = :booking_id and bookings.state = 'lapsed' and lapsed.id = bookings.id and free.seat is not null
    and gatherings.state = 'open' and gatherings.starts_at > clock_timestamp()
    and not exists (
        select from bookings as other
        where other.gathering_id = bookings.gathering_id and other.person_id = bookings.person_id
            and other.state in ('held', 'confirmed')
    )
    and room_lets_in(bookings.gathering_id, bookings.person_id)
returning bookings.seat;

-- name: end(booking_id, state, cause)!
-- end an active booking; its seat is free again
update bookings set state = :state, end_cause = :cause, ended_at = now()
where id = :booking_id and state in ('held', 'confirmed');

-- name: paid_late(booking_id)!
-- a lapsed booking was paid, no seat was free, and it is refunded
update bookings set end_cause = 'paid_late' where id = :booking_id and state = 'lapsed';

-- name: note_let_go(booking_id, actor_id)
-- note that a person gives up the seat held for them, and with it those that the same checkout pays; nothing when it is not held
update bookings set let_go_at = coalesce(let_go_at, now())
where person_id = :actor_id and state = 'held'
    and exists (select from bookings as own where own.id = :booking_id and own.state = 'held')
    and (
        id = :booking_id
        or id in (
            select lines.booking_id from checkout_lines as lines
            where lines.checkout_id = checkout_named(:booking_id) and not lines.is_addition
        )
    )
returning id;

-- name: state_of(booking_id, actor_id)$
-- the state of a booking of this person
select state from bookings where id = :booking_id and person_id = :actor_id;

-- name: own_booking(booking_id, actor_id)^
-- one booking of this person with all that its pages show
select
    bookings.*, stored.terms_start, stored.moves, clock_timestamp() as now,
    gatherings.starts_at, gatherings.ends_at, gatherings.zone, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken, gatherings.note,
    gatherings.state as gathering_state, gatherings.cancel_reason,
    (must_agree_to(bookings.person_id, circles.guidelines_id) is not null or is_unanswered(bookings.id)) as must_agree,
    is_unanswered(bookings.id) as unanswered,
    array(select paid_at from additions_kept(bookings.id) order by paid_at, kept) as added_at,
    array(select kept from additions_kept(bookings.id) order by paid_at, kept) as added_kept,
    circles.id as circle_id, circles.name as circle_name, circles.discreet_name,
    circles.place, coalesce(nullif(gatherings.city, ''), circles.city) as city,
    coalesce(nullif(gatherings.address, ''), circles.address) as address,
    (
        select jsonb_build_object(
            'id', people.id, 'name', people.name, 'has_page', people.is_facilitator or people.is_organizer
        )
        from stand_ins join people on people.id = stand_ins.person_id
        where stand_ins.gathering_id = gatherings.id and (people.is_facilitator or people.is_organizer)
    ) as stand_in,
    (
        select max(checkouts.amount) from checkout_lines as lines
        join checkouts on checkouts.id = lines.checkout_id and checkouts.state in ('asked', 'open')
        where lines.booking_id = bookings.id and lines.is_addition
    ) as addition,
    unseen_change(bookings.id) as unseen_change,
    on_pass.pass_id, coalesce(on_pass.state, '') as use_state, on_pass.returned as use_returned,
    (select passes.state from passes where passes.id = on_pass.pass_id) as pass_state,
    (
        select coalesce(giver.name, 'a host') from given_seats left join people as giver on giver.id = given_seats.given_by
        where given_seats.booking_id = bookings.id
    ) as giver_name,
    array(
        select jsonb_build_object('amount', cash.amount, 'noted_by', coalesce(noter.name, 'somebody who left'), 'at', cash.at)
        from cash_rows as cash left join people as noter on noter.id = cash.noted_by
        where cash.booking_id = bookings.id order by cash.at, cash.id
    ) as cash,
    array(
        select jsonb_build_object(
            'amount', refunds.amount - refunds.covered, 'state', refunds.state, 'settled', refunds.settled_at is not null,
            'note', by_hand.note
        )
        from operations as refunds join refunds_by_hand as by_hand on by_hand.id = refunds.by_hand
        where refunds.booking_id = bookings.id order by refunds.created_at, refunds.id
    ) as by_hand,
    coalesce(
        (select url from checkouts where id = checkout_named(bookings.id) and state = 'open'), ''
    ) as checkout_url,
    together.ids as together_ids, together.states as together_states, together.starts as together_starts,
    together.zones as together_zones,
    array(
        select jsonb_build_object('id', paid.id, 'name', paid.name)
        from (
            select receipts.id, receipts.name from checkout_lines as lines
            join receipts on receipts.checkout_id = lines.checkout_id
            where lines.booking_id = bookings.id
            union all
            select receipts.id, receipts.name from receipts where receipts.booking_id = bookings.id
        ) as paid order by paid.name
    ) as receipts,
    stored.kind = 'paid' and stored.amount > stored.scale_suggested as is_above,
    invite.state as invite_state, invite.created_at as invite_created_at, invite.sent_at as invite_sent_at
from bookings_with_money as bookings
join bookings as stored on stored.id = bookings.id
left join pass_uses as on_pass on on_pass.booking_id = bookings.id
cross join lateral (
    select
        coalesce(array_agg(id), '{}') as ids, coalesce(array_agg(state), '{}') as states,
        coalesce(array_agg(starts_at), '{}') as starts, coalesce(array_agg(zone), '{}') as zones
    from (
        select others.id, others.state, dates.starts_at, dates.zone
        from bookings as others join gatherings as dates on dates.id = others.gathering_id
        where others.booked_with = stored.booked_with
        order by dates.starts_at, others.id
    ) as others
) as together
left join lateral (
    select mails.state, mails.created_at, mails.sent_at from mails
    where mails.about in (bookings.id, stored.booked_with) and mails.calendar_method = 'REQUEST'
    order by mails.created_at desc limit 1
) as invite on true
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where bookings.id = :booking_id and bookings.person_id = :actor_id;

-- name: note_return(booking_id, actor_id)$
-- note that a person came back from the payment page as somebody who paid; no row when it was noted before
update bookings set returned_at = now()
where id = :booking_id and person_id = :actor_id and state = 'held' and let_go_at is null and returned_at is null
returning id;

-- name: left_checkout(booking_id, after)$
-- the checkout of a booking, by its reference, where nobody has made it at Stripe so long after it was to be
select checkouts.booking_id from checkouts
where checkouts.id = checkout_named(:booking_id) and checkouts.state = 'asked'
    and checkouts.created_at < now() - :after::interval;

-- name: left_checkouts(after, most)
-- the same of all checkouts; those that are older are ended by payments
select checkouts.booking_id as reference, checkouts.covers = 'addition' as is_addition
from checkouts
where checkouts.state = 'asked' and checkouts.created_at between now() - interval '2 minutes' and now() - :after::interval
limit :most;

-- name: overdue(most)
-- held bookings past their time, and those let go whose checkout is still open a minute later, one for each checkout: not those
-- that wait for a bank or a person
select (array_agg(id order by id))[1] as id, bool_or(let_go_at is not null) as is_let_go from bookings
left join checkout_lines as lines on lines.booking_id = bookings.id and not lines.is_addition
where state = 'held' and (held_until < now() or let_go_at < now() - interval '1 minute')
    and not exists (
        select from checkouts
        where checkouts.id = lines.checkout_id and (
            checkouts.pending_at is not null
            or exists (
                select from payment_findings
                where payment_findings.stripe_id = checkouts.stripe_id and payment_findings.settled_at is null
            )
        )
    )
group by coalesce(lines.checkout_id, bookings.id)
order by min(held_until) limit :most;

-- name: note_seen(booking_id, actor_id, mark)!
-- a person has seen what changed of their booking, as far as it is still what they were shown
update bookings set known = gathering_facts(gathering_id)
where id = :booking_id and person_id = :actor_id and state in ('held', 'confirmed')
    and md5(gathering_facts(gathering_id)::text) = :mark;
