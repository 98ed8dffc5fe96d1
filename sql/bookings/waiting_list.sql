-- name: lock_gathering(gathering_id)^
-- lock a gathering, before any of its waits and bookings
select
    gatherings.id, gatherings.state, gatherings.starts_at, clock_timestamp() as now,
    gatherings.state <> 'open' or circles.state = 'archived' as is_gone
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.id = :gathering_id for no key update of gatherings;

-- name: lock_gathering_of(wait_id)$
-- lock the gathering of a wait, always before the wait itself
select id from gatherings
where id = (select gathering_id from waits where id = :wait_id)
for no key update;

-- name: lock(wait_id)^
-- lock one wait, and read it with what decides about it
select
    waits.*, clock_timestamp() as now, gatherings.state as gathering_state, gatherings.starts_at,
    acceptances.version_id, circles.guidelines_id,
    must_agree_to(waits.person_id, circles.guidelines_id) is not null as must_agree,
    circles.state = 'published' and gatherings.seats_taken < gatherings.capacity
    and (waits.line <> 'community' or gatherings.community_taken < gatherings.community_seats) as is_free
from waits
join gatherings on gatherings.id = waits.gathering_id
join circles on circles.id = gatherings.circle_id
join acceptances on acceptances.id = waits.acceptance_id
where waits.id = :wait_id
for no key update of waits;

-- name: join_line(gathering_id, person_id, line, amount, currency, acceptance_id)$
-- somebody joins a waiting list; no row where they are on it already
insert into waits (gathering_id, person_id, line, amount, currency, acceptance_id)
values (:gathering_id, :person_id, :line, :amount, :currency, :acceptance_id)
on conflict do nothing
returning id;

-- name: active_wait(gathering_id, person_id)$
-- the wait of a person at a gathering
select id from waits
where gathering_id = :gathering_id and person_id = :person_id and state in ('waiting', 'offered');

-- name: next_offer(gathering_id)^
-- the next offer to make at a gathering that the caller has locked; see the function
select wait_id, seat, put_first, starts_at, read_at from next_offer(:gathering_id);

-- name: offer(wait_id, seat, ends_at)!
-- a seat is offered to somebody who waits
update waits
set state = 'offered', seat = :seat, offered_at = clock_timestamp(), offer_ends_at = :ends_at,
    moved_at = clock_timestamp()
where id = :wait_id and state = 'waiting';

-- name: tell_all(gathering_id)
-- everybody who waits and could take one of the free seats is told of them, once for each seat; the rows say whom to tell
with free as (
    select id, ((1 << capacity) - 1) & ~seats_map as map, community_taken < community_seats as has_community
    from gatherings where id = :gathering_id
)
update waits set passed_seats = passed_seats | free.map, moved_at = clock_timestamp()
from free
where waits.gathering_id = free.id and waits.state = 'waiting' and free.map & ~waits.passed_seats <> 0
    and (waits.line <> 'community' or free.has_community)
    and may_be_offered(free.id, waits.person_id)
returning waits.id, waits.moved_at;

-- name: lapse(gathering_id, most_lapses)
-- offers of a gathering whose time is over go on to the next. Who let one lapse keeps their place in line and is passed over for the
-- seats that are free or offered now; with their second one they leave the list. The caller has locked the gathering
with others as (
    select id, ((1 << capacity) - 1) as map from gatherings where id = :gathering_id
), booked as (
    select coalesce(bit_or(1 << seat - 1), 0) as map from bookings
    where gathering_id = :gathering_id and state in ('held', 'confirmed')
)
update waits
set state = case when waits.lapses + 1 >= :most_lapses then 'lapsed' else 'waiting' end,
    ended_at = case when waits.lapses + 1 >= :most_lapses then clock_timestamp() end,
    lapses = waits.lapses + 1, lapsed_at = clock_timestamp(), moved_at = clock_timestamp(),
    passed_seats = waits.passed_seats | (others.map & ~booked.map),
    end_cause = case when waits.lapses + 1 >= :most_lapses then 'not_answered' else '' end,
    first_at = null, first_by = null, first_reason = ''
from others cross join booked
where waits.gathering_id = others.id and waits.state = 'offered' and waits.offer_ends_at <= clock_timestamp()
returning waits.id, waits.state, waits.lapsed_at;

-- name: end_wait(wait_id, state, cause)!
-- a wait ends; a seat that was offered is free again
update waits
set state = :state, end_cause = :cause, ended_at = clock_timestamp(), moved_at = clock_timestamp()
where id = :wait_id and state in ('waiting', 'offered');

-- name: accept(wait_id)!
-- the seat of a wait is booked in the same transaction: what was offered is free for that booking
update waits set state = 'accepted', ended_at = clock_timestamp(), moved_at = clock_timestamp()
where id = :wait_id and state in ('waiting', 'offered');

-- name: note_booking(wait_id, booking_id)!
-- the booking that a wait led to
update waits set booking_id = :booking_id where id = :wait_id;

-- name: reinstate(booking_id)!
-- the checkout of a booking that a wait led to could not be started: its person is back at their place in line
update waits
set state = 'waiting', booking_id = null, ended_at = null, moved_at = clock_timestamp()
where booking_id = :booking_id and state = 'accepted';

-- name: pass_over(wait_id)!
-- an offer goes on to the next, since the person cannot take it any more; they keep their place. The caller has locked the gathering
update waits
set state = 'waiting', passed_seats = passed_seats | 1 << seat - 1, moved_at = clock_timestamp()
where id = :wait_id and state = 'offered';

-- name: close_all(gathering_id, cause)
-- everybody on the waiting list of a gathering waits no more; the rows say whom to tell
update waits
set state = 'closed', end_cause = :cause, ended_at = clock_timestamp(), moved_at = clock_timestamp()
where gathering_id = :gathering_id and state in ('waiting', 'offered')
returning id, moved_at;

-- name: fit_offers(gathering_id, capacity, community_seats)
-- before a gathering gets fewer seats: the offers that no longer fit beside its bookings are taken back, the latest first; their people
-- keep their place. The rows say whom to tell
with booked as (
    select count(*) as seats, count(*) filter (where kind = 'community') as community from bookings
    where gathering_id = :gathering_id and state in ('held', 'confirmed')
), offers as (
    select
        id, line,
        row_number() over (order by offered_at, id) as number,
        row_number() over (partition by line order by offered_at, id) as number_in_line
    from waits where gathering_id = :gathering_id and state = 'offered'
)
update waits set state = 'waiting', moved_at = clock_timestamp()
from offers cross join booked
where waits.id = offers.id and (
    booked.seats + offers.number > :capacity
    or (offers.line = 'community' and booked.community + offers.number_in_line > :community_seats)
)
returning waits.id, waits.moved_at;

-- name: reseat_offers(gathering_id, capacity)!
-- offers of seats beyond the capacity become offers of the lowest free ones
with high as (
    select id, row_number() over (order by seat) as place
    from waits where gathering_id = :gathering_id and state = 'offered' and seat > :capacity
), free as (
    select number, row_number() over (order by number) as place
    from gatherings cross join generate_series(1, :capacity::int) as number
    where gatherings.id = :gathering_id and gatherings.seats_map & (1 << number - 1) = 0
)
update waits set seat = free.number
from high join free using (place)
where waits.id = high.id;

-- name: shorten_offers(gathering_id)
-- no offer lasts longer than until the start of its gathering; the rows say whose end sooner now
update waits
set offer_ends_at = greatest(gatherings.starts_at, waits.offered_at + interval '1 second')
from gatherings
where gatherings.id = :gathering_id and waits.gathering_id = gatherings.id and waits.state = 'offered'
    and waits.offer_ends_at > gatherings.starts_at
returning waits.id, waits.offer_ends_at;

-- name: active_of_gathering(gathering_id)
-- everybody on the waiting list of a gathering
select id, moved_at from waits
where gathering_id = :gathering_id and state in ('waiting', 'offered');

-- name: in_need(most)
-- gatherings whose waiting list is to be worked on: an offer is over, a seat is free that can be offered, or there is nothing to wait for
-- any more. `offset 0`: each gathering that has one is looked up, and no others are read
select waited.gathering_id
from (select distinct gathering_id from waits where state in ('waiting', 'offered')) as waited
cross join lateral (
    select
        gatherings.state <> 'open' or gatherings.starts_at <= now() or circles.state = 'archived' as is_over,
        gatherings.seats_taken < gatherings.capacity as has_seat
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.id = waited.gathering_id
    offset 0
) as gathering
where gathering.is_over
    or exists (
        select from waits
        where waits.gathering_id = waited.gathering_id and waits.state = 'offered' and waits.offer_ends_at <= now()
    )
    or case when gathering.has_seat then exists (select from next_offer(waited.gathering_id)) end
order by waited.gathering_id
limit :most;

-- name: to_tell(wait_id)^
-- a wait and its person, for a mail; locked, so that one job at a time mails of it
select
    waits.*, clock_timestamp() as now, place_in_line(waits) as place,
    people.email, people.name,
    gatherings.starts_at, gatherings.zone, gatherings.state as gathering_state, gatherings.cancel_reason,
    circles.state = 'published' and gatherings.seats_taken < gatherings.capacity
    and (waits.line <> 'community' or gatherings.community_taken < gatherings.community_seats) as is_free,
    must_agree_to(waits.person_id, circles.guidelines_id) is not null as must_agree,
    circles.discreet_name
from waits
join people on people.id = waits.person_id
join gatherings on gatherings.id = waits.gathering_id
join circles on circles.id = gatherings.circle_id
where waits.id = :wait_id
for no key update of waits;

-- name: note_told(wait_id, mark)!
-- a person was mailed of something
update waits set told = told || :mark::text where id = :wait_id;

-- name: own_wait(wait_id, actor_id)^
-- a wait of this person with all that its page shows
select
    waits.*, clock_timestamp() as now, place_in_line(waits) as place,
    gatherings.starts_at, gatherings.zone, gatherings.community_seats,
    circles.state = 'published' and gatherings.seats_taken < gatherings.capacity
    and (waits.line <> 'community' or gatherings.community_taken < gatherings.community_seats) as is_free,
    circles.name as circle_name, circles.currency as scale_currency, circles.minimum, circles.suggested, circles.maximum,
    must_agree_to(waits.person_id, circles.guidelines_id) is not null as must_agree,
    newest.id as version_id, newest.body as guidelines,
    overlaps_of(waits.gathering_id, waits.person_id) as overlaps, lately.gatherings as lately, lately.freed,
    (
        select jsonb_build_object('id', id, 'left', uses - used, 'valid_until', valid_until) from passes
        where person_id = waits.person_id and circle_id = circles.id and state = 'active'
            and valid_until >= gatherings.starts_at and used < uses
        order by valid_until, id limit 1
    ) as pass
from waits
join gatherings on gatherings.id = waits.gathering_id
join circles on circles.id = gatherings.circle_id
cross join lateral (
    select id, body from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id
    order by number desc limit 1
) as newest
cross join lateral seats_came_free(circles.id) as lately
where waits.id = :wait_id and waits.person_id = :actor_id;

-- name: line_of(gathering_id)^
-- how long the two lines of a gathering are, and at how many of its circle's last full gatherings a seat came free
select
    (select count(*) from waits where gathering_id = :gathering_id and line = 'amount' and state in ('waiting', 'offered'))
        as amount_line,
    (select count(*) from waits where gathering_id = :gathering_id and line = 'community' and state in ('waiting', 'offered'))
        as community_line,
    lately.gatherings as lately, lately.freed
from gatherings cross join lateral seats_came_free(gatherings.circle_id) as lately
where gatherings.id = :gathering_id;

-- name: save_agreement(wait_id, acceptance_id)!
-- somebody who waits agreed to newer guidelines
update waits set acceptance_id = :acceptance_id, moved_at = clock_timestamp()
where id = :wait_id and state in ('waiting', 'offered');

-- name: to_ask_again(guidelines_id)
-- waits ahead whose people must agree to guidelines that changed since
select waits.id, must_agree_to(waits.person_id, circles.guidelines_id) as version_id
from circles
join gatherings on gatherings.circle_id = circles.id and gatherings.state = 'open' and gatherings.starts_at > now()
join waits on waits.gathering_id = gatherings.id and waits.state in ('waiting', 'offered')
where circles.guidelines_id = :guidelines_id and must_agree_to(waits.person_id, circles.guidelines_id) is not null;

-- name: hosted_gathering(gathering_id, actor_id)^
-- a gathering for somebody who hosts it
select
    gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.state, gatherings.capacity, gatherings.seats_taken,
    seats_offered(gatherings.id) as offered, circles.id as circle_id, circles.name as circle_name, circles.discreet_name,
    clock_timestamp() as now, gatherings.state = 'open' and gatherings.starts_at > now() as is_ahead, host.may_change,
    (select count(*) from waits where waits.gathering_id = gatherings.id and waits.state in ('waiting', 'offered')) as waiting
from gatherings join circles on circles.id = gatherings.circle_id
join may_host_gathering(gatherings.id, :actor_id) as host on true
where gatherings.id = :gathering_id;

-- name: hosted_line(gathering_id, after_at, after_id, most)
-- who waits for a seat at a gathering, first come first, after one of them; not what they would pay
select
    waits.id, waits.person_id, people.name, people.pronouns, people.email, people.created_at, waits.state, waits.joined_at,
    waits.offer_ends_at, waits.first_at
from waits join people on people.id = waits.person_id
where waits.gathering_id = :gathering_id and waits.state in ('waiting', 'offered')
    and (waits.joined_at, waits.id) > (:after_at::timestamptz, :after_id::uuid)
order by waits.joined_at, waits.id
limit :most;

-- name: put_first(wait_id, gathering_id, actor_id, reason)$
-- a host offers somebody the next seat out of turn
update waits set first_at = clock_timestamp(), first_by = :actor_id, first_reason = :reason, passed_seats = 0
where id = :wait_id and gathering_id = :gathering_id and state = 'waiting'
returning id;

-- name: hosted_wait(wait_id, gathering_id)^
-- one wait of a gathering that the caller may host
select waits.id, waits.state, people.name from waits join people on people.id = waits.person_id
where waits.id = :wait_id and waits.gathering_id = :gathering_id;

-- name: delete_old(days)!
-- waits that ended long ago
delete from waits where ended_at < now() - make_interval(days => :days);
