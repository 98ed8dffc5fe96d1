-- name: dates(circle_id, actor_id, most)
-- the next gatherings of a circle, each with what decides whether a person may book it, as in `eligibility` of bookings.sql
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
from (
    select * from bookable_gatherings
    where bookable_gatherings.circle_id = :circle_id and bookable_gatherings.state = 'open'
        and bookable_gatherings.starts_at > clock_timestamp()
    order by bookable_gatherings.starts_at limit :most
) as gatherings
cross join lateral admission_to(gatherings.circle_id, :actor_id, gatherings.gathering_id) as admission
cross join lateral (
    select id, body from guidelines_versions
    where guidelines_versions.guidelines_id = gatherings.guidelines_id
    order by number desc limit 1
) as newest
order by gatherings.starts_at;

-- name: take_seats(gathering_ids, booking_ids, first_id, person_id, kind, amount, currency, minimum, maximum, refund_hours, late_percent, version_id, hold_minutes, max_held)
-- take the lowest free seat of each of several gatherings, in one statement, as `take_seat` does of one: their rows are locked in
-- the order of their ids, and without a free seat in every one of them nothing is done. Fewer rows than gatherings come back
-- where somebody has a seat there already or the rules of a room do not let them in: the caller then takes all of it back
with wanted as (
    select * from unnest(:gathering_ids::uuid [], :booking_ids::uuid []) as given (gathering_id, booking_id)
), gathering as (
    select id, seats_map from gatherings
    where id = any(:gathering_ids::uuid []) and state = 'open' and starts_at > clock_timestamp()
        and seats_taken < capacity and (:kind::text <> 'community' or community_taken < community_seats)
    order by id
    for no key update
), free as materialized (
    select gathering.id, min(number) as seat
    from gathering cross join generate_series(1, 24) as number
    where gathering.seats_map & (1 << number - 1) = 0
    group by gathering.id
), allowed as materialized (
    select case
        when (select count(*) from free) <> cardinality(:gathering_ids::uuid []) then false
        when :kind = 'paid' then may_hold_several(:person_id, :max_held)
        else true
    end as is_so
), acceptance as (
    insert into acceptances (person_id, version_id, sha256)
    select :person_id, versions.id, versions.sha256
    from allowed cross join guidelines_versions as versions
    where versions.id = :version_id and allowed.is_so
    on conflict (person_id, version_id) do update set accepted_at = acceptances.accepted_at
    returning id
), booking as (
    insert into bookings (
        id, booked_with, gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum,
        refund_hours, late_refund_percent, acceptance_id, held_until, confirmed_at
    )
    select
        wanted.booking_id, :first_id, free.id, :person_id, free.seat, :kind,
        case when :kind = 'paid' then 'held' else 'confirmed' end,
        :amount, :currency, :minimum, :maximum, :refund_hours, :late_percent, acceptance.id,
        case when :kind = 'paid' then now() + make_interval(mins => :hold_minutes) end,
        case when :kind <> 'paid' then now() end
    from wanted join free on free.id = wanted.gathering_id cross join acceptance
    where room_lets_in(free.id, :person_id)
    on conflict do nothing
    returning id, gathering_id, person_id, seat, kind, state, amount, currency, held_until, end_cause
), event as (
    insert into events (what, about, who, after, why)
    select 'booking.' || state, id, person_id, state, kind from booking
)
select * from booking;

-- name: paid_together(booking_id)
-- the bookings that are first paid by the same checkout as one, itself included
select lines.booking_id as id from checkout_lines as lines where lines.checkout_id = checkout_named(:booking_id)
order by lines.position;

-- name: is_one_step(booking_ids)$
-- whether these bookings, and no others, were booked in one step
select
    count(distinct coalesce(bookings.booked_with, bookings.id)) = 1
    and (
        select count(*) from bookings as others
        where others.booked_with = (
            select first.booked_with from bookings as first where first.id = (:booking_ids::uuid [])[1]
        )
    ) in (0, count(*))
from bookings
where bookings.id = any(:booking_ids::uuid []);

-- name: others_wait_for_payment(booking_id)$
-- whether another seat that the same checkout pays is still held, at a gathering that takes place
select exists (
    select from checkout_lines as lines
    join bookings on bookings.id = lines.booking_id and bookings.state = 'held'
    join gatherings on gatherings.id = bookings.gathering_id and gatherings.state = 'open'
    where lines.checkout_id = checkout_named(:booking_id) and lines.booking_id <> :booking_id
);
