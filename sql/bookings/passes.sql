-- name: circle_to_buy(circle_id, actor_id)^
-- a circle with what it sells now, which is nothing where it became free or changed its currency, its guidelines in force, how it
-- admits somebody, the pass that is held for them, one that they can use, and the amount of the last one where that was never paid
select
    circles.id as circle_id, circles.name as circle_name, circles.discreet_name, circles.state as circle_state, circles.zone,
    circles.guidelines_id, clock_timestamp() as now, newest.id as version_id, newest.body as guidelines,
    (
        select to_jsonb(newest_offer) from (
            select * from pass_offers as offers where offers.circle_id = circles.id order by offers.number desc limit 1
        ) as newest_offer
        where circles.maximum > 0 and newest_offer.currency = circles.currency
    ) as offer,
    (
        select latest.amount from (
            select * from passes
            where passes.person_id = :actor_id and passes.circle_id = circles.id order by passes.created_at desc limit 1
        ) as latest
        where latest.state = 'lapsed' and latest.currency = circles.currency
    ) as last_amount,
    (
        select jsonb_build_object('id', passes.id, 'amount', passes.amount, 'offer_id', passes.offer_id)
        from passes where passes.circle_id = circles.id and passes.person_id = :actor_id and passes.state = 'held'
    ) as held,
    usable.uses, usable.used, usable.valid_until, admission.*, 0 as newcomers
from circles
cross join admission_to(circles.id, :actor_id, null) as admission
cross join lateral (
    select id, body from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as newest
left join lateral (
    select passes.uses, passes.used, passes.valid_until from passes
    where passes.circle_id = circles.id and passes.person_id = :actor_id and passes.state = 'active'
        and passes.valid_until > now() and passes.used < passes.uses
    order by passes.valid_until limit 1
) as usable on true
where circles.id = :circle_id and circles.state <> 'draft';

-- name: add_pass(circle_id, person_id, offer_id, amount, version_id, hold_minutes)^
-- a pass that is held until it is paid, with its person's acceptance of the guidelines and its event; no row where one is held
-- already, or the offer is no longer the newest. The offer's circle is locked, so that no other is published meanwhile
with circle as (
    select id, currency from circles where id = :circle_id and state = 'published' and maximum > 0 for key share
), offer as (
    select offers.* from pass_offers as offers join circle on circle.id = offers.circle_id and circle.currency = offers.currency
    where offers.id = :offer_id and offers.is_sold and not exists (
        select from pass_offers as newer where newer.circle_id = offers.circle_id and newer.number > offers.number
    )
), acceptance as (
    insert into acceptances (person_id, version_id, sha256)
    select :person_id, versions.id, versions.sha256
    from offer cross join guidelines_versions as versions
    where versions.id = :version_id
    on conflict (person_id, version_id) do update set accepted_at = acceptances.accepted_at
    returning id
), pass as (
    insert into passes (offer_id, circle_id, person_id, state, amount, currency, uses, acceptance_id, held_until)
    select
        offer.id, offer.circle_id, :person_id, 'held', :amount, offer.currency, offer.uses, acceptance.id,
        now() + make_interval(mins => :hold_minutes)
    from offer cross join acceptance
    on conflict do nothing
    returning id, person_id, amount, currency, held_until
), event as (
    insert into events (what, about, who, after) select 'pass.held', id, person_id, 'held' from pass
)
select id, amount, currency, held_until from pass;

-- name: lock_payment(pass_id)!
-- lock the checkout of a pass, always before the pass itself
select id from checkouts where booking_id = :pass_id and covers = 'pass' for no key update;

-- name: lock(pass_id)$
-- lock a pass; it is read by a statement of its own, which sees what others committed meanwhile
select id from passes where id = :pass_id for no key update;

-- name: one(pass_id)^
-- a pass with its money, the terms it was sold under, its circle and its person
select
    passes.*, clock_timestamp() as now, offers.refund_kind, offers.refund_percent, offers.refund_per_use,
    offers.refund_weeks, offers.weeks, circles.name as circle_name, circles.discreet_name, circles.state as circle_state,
    circles.zone, people.name as person_name, people.email,
    (select checkout_lines.checkout_id from checkout_lines where checkout_lines.pass_id = passes.id limit 1) as checkout_id,
    coalesce((
        select checkouts.url from checkouts where checkouts.booking_id = passes.id and checkouts.state = 'open'
    ), '') as checkout_url
from passes_with_money as passes
join pass_offers as offers on offers.id = passes.offer_id
join circles on circles.id = passes.circle_id
join people on people.id = passes.person_id
where passes.id = :pass_id;

-- name: uses_of(pass_id)
-- the gatherings that were taken of a pass, in the order of time
select
    pass_uses.state, pass_uses.value, bookings.id as booking_id, bookings.state as booking_state, gatherings.starts_at,
    gatherings.zone, gatherings.ends_at
from pass_uses
join bookings on bookings.id = pass_uses.booking_id
join gatherings on gatherings.id = bookings.gathering_id
where pass_uses.pass_id = :pass_id
order by gatherings.starts_at, pass_uses.used_at limit 200;

-- name: pass_to_use(pass_id, actor_id)^
-- a pass of somebody, as far as using it takes
select
    passes.circle_id, passes.state, passes.uses, passes.used, passes.valid_until, passes.kept, circles.name as circle_name
from passes_with_money as passes join circles on circles.id = passes.circle_id
where passes.id = :pass_id and passes.person_id = :actor_id;

-- name: lock_to_use(pass_id)^
-- a pass, locked until a seat on it is taken, with what each of its gatherings is worth by
select id, amount, uses from passes where id = :pass_id for no key update;

-- name: take_use(pass_id, booking_id, place_values)$
-- a seat that was just taken uses a pass of its person, for a gathering of its circle that begins in time: the first place that is
-- free, or nothing, also where its money went back meanwhile. place_values: what each place is worth. The caller has locked the pass
insert into pass_uses (booking_id, pass_id, place, value)
select bookings.id, passes.id, free.place, (:place_values::int [])[free.place]
from passes
join bookings on bookings.id = :booking_id and bookings.person_id = passes.person_id
join gatherings on gatherings.id = bookings.gathering_id and gatherings.circle_id = passes.circle_id
cross join lateral (
    select min(place) as place from generate_series(1, passes.uses) as place
    where not exists (
        select from pass_uses as taken
        where taken.pass_id = passes.id and taken.place = place.place and taken.state <> 'given_back'
    )
) as free
where passes.id = :pass_id and passes.state = 'active' and gatherings.starts_at <= passes.valid_until
    and free.place is not null
    and (select money.kept from passes_with_money as money where money.id = passes.id) > 0
returning place;

-- name: use_of(booking_id)^
-- the pass that a seat is on, with what decides whether its use comes back when the seat ends
select
    pass_uses.pass_id, pass_uses.value, pass_uses.state as use_state, passes.valid_until, passes.state as pass_state,
    passes.currency, passes.paid_at, passes.kept, passes.disputed, offers.refund_kind, offers.refund_percent,
    offers.refund_per_use, offers.refund_weeks,
    bookings.id, bookings.end_cause, bookings.ended_at, bookings.confirmed_at, bookings.refund_hours,
    bookings.late_refund_percent, bookings.full_refund_until, bookings.terms_start, gatherings.starts_at, gatherings.zone,
    coalesce(bookings.ended_at, clock_timestamp()) as now,
    (must_agree_to(bookings.person_id, circles.guidelines_id) is not null or is_unanswered(bookings.id)) as must_agree
from pass_uses
cross join lateral (select * from passes_with_money where passes_with_money.id = pass_uses.pass_id) as passes
join pass_offers as offers on offers.id = passes.offer_id
join bookings on bookings.id = pass_uses.booking_id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where pass_uses.booking_id = :booking_id;

-- name: decide_use(booking_id, state, returned)!
-- a seat on a pass has ended, and its use came back or did not. returned: what of it goes back in money, since the pass is over
update pass_uses set state = :state, ended_at = now(), returned = :returned where booking_id = :booking_id and state = 'used';

-- name: prolong(pass_id, until)$
-- a pass lasts at least until then; its new end, where that is later than it was
update passes set valid_until = :until, reminded = 0
where id = :pass_id and state = 'active' and valid_until < :until
returning valid_until;

-- name: activate(pass_id)$
-- a pass was paid: its weeks begin
update passes set
    state = 'active', paid_at = now(), valid_until = now() + make_interval(weeks => offers.weeks), ended_at = null,
    end_cause = ''
from pass_offers as offers
where passes.id = :pass_id and passes.state in ('held', 'lapsed') and offers.id = passes.offer_id
returning passes.valid_until;

-- name: end_pass(pass_id, state, cause)!
-- a pass is over, or was never begun
update passes set state = :state, ended_at = now(), end_cause = :cause where id = :pass_id and state in ('held', 'active');

-- name: paid_late(pass_id)!
-- a pass that was not begun was paid too late, and its money goes back
update passes set end_cause = 'paid_late' where id = :pass_id and state = 'lapsed';

-- name: other_usable(pass_id)$
-- whether the person of a pass can use another one of the same circle
select exists (
    select from passes join passes as others on others.person_id = passes.person_id and others.circle_id = passes.circle_id
    where passes.id = :pass_id and others.id <> passes.id and others.state = 'active' and others.used < others.uses
        and others.valid_until > now()
);

-- name: note_let_go(pass_id, actor_id)$
-- note that somebody gives up a pass before it is paid; nothing when it is not held
update passes set let_go_at = coalesce(let_go_at, now())
where id = :pass_id and person_id = :actor_id and state = 'held'
returning id;

-- name: note_return(pass_id, actor_id)$
-- note that somebody came back from the payment page as having paid; no row when it was noted before
update passes set returned_at = now()
where id = :pass_id and person_id = :actor_id and state = 'held' and let_go_at is null and returned_at is null
returning id;

-- name: left_checkout(pass_id, after)$
-- whether nobody made the checkout of a held pass at Stripe so long after it was to be
select checkouts.booking_id from checkouts
where checkouts.booking_id = :pass_id and checkouts.covers = 'pass' and checkouts.state = 'asked'
    and checkouts.created_at < now() - :after::interval;

-- name: left_checkouts(after, most)
-- the same of all passes; those that are older are ended by payments
select checkouts.booking_id as pass_id from checkouts
where checkouts.state = 'asked' and checkouts.covers = 'pass'
    and checkouts.created_at between now() - interval '2 minutes' and now() - :after::interval
limit :most;

-- name: overdue(most)
-- held passes past their time to pay, and those let go whose checkout is still open a minute later; not those that wait for a bank or a
-- person
select passes.id, passes.let_go_at is not null as is_let_go from passes
where passes.state = 'held' and (passes.held_until < now() or passes.let_go_at < now() - interval '1 minute')
    and not exists (
        select from checkouts
        where checkouts.booking_id = passes.id and (
            checkouts.pending_at is not null
            or exists (
                select from payment_findings as findings
                where findings.stripe_id = checkouts.stripe_id and findings.settled_at is null
            )
        )
    )
order by passes.held_until limit :most;

-- name: to_end(most)
-- passes whose time is over, those of circles that ended, and those of which all the money went back in another way and no bank decides
-- any more, with why each ends
select
    passes.id,
    case
        when circles.state = 'archived' then 'circle_ended'
        when passes.valid_until >= now() then 'refunded'
        when circles.state = 'paused' then 'circle_paused'
        else 'expired'
    end as cause
from passes join circles on circles.id = passes.circle_id
where passes.state = 'active' and (
    passes.valid_until < now() or circles.state = 'archived'
    or (
        exists (select from operations where operations.pass_id = passes.id and operations.kind = 'refund')
        or exists (select from disputes where disputes.pass_id = passes.id)
    )
    and not exists (select from disputes where disputes.pass_id = passes.id and disputes.closed_at is null)
    and (select money.kept from passes_with_money as money where money.id = passes.id) = 0
)
order by passes.valid_until limit :most;

-- name: of_circle(circle_id)
-- the passes of a circle that are in use
select id from passes where circle_id = :circle_id and state = 'active' order by id;

-- name: of_person(person_id)
-- the passes of somebody that are in use or held
select id, state from passes where person_id = :person_id and state in ('active', 'held') order by id;

-- name: undecided_uses(most)
-- seats on passes that ended without a decision about their use: code of before ended them
select pass_uses.booking_id, bookings.end_cause
from pass_uses join bookings on bookings.id = pass_uses.booking_id
where pass_uses.state = 'used' and bookings.state <> 'confirmed'
limit :most;

-- name: to_remind(first_before, second_before, most)
-- passes in use with gatherings left whose time ends soon, each once for each of the two times, longest first, of people who want
-- reminders; none of a pass so short that it was bought a moment ago
select passes.id, passes.reminded
from passes join people on people.id = passes.person_id
where passes.state = 'active' and passes.used < passes.uses and passes.valid_until > now()
    and (
        passes.reminded = 0 and passes.valid_until < now() + :first_before::interval
        or passes.reminded < 2 and passes.valid_until < now() + :second_before::interval
    )
    and passes.paid_at < now() - interval '2 days'
    and (people.remind_day or people.remind_hour) and people.suspended_at is null
    and people.email not like '%@gone.invalid'
order by passes.valid_until limit :most;

-- name: note_reminded(pass_id, second_before)$
-- a reminder is sent now; which one, null when another run was faster
update passes set reminded = case when valid_until < now() + :second_before::interval then 2 else 1 end
where id = :pass_id and state = 'active'
    and reminded < case when valid_until < now() + :second_before::interval then 2 else 1 end
returning reminded;
