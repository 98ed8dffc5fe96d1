-- What a booking's own pages say of it.

-- When its person first came back from the payment page by the way of those who paid. It proves nothing; the page
-- thanks them while the payment is confirmed.
alter table bookings add column returned_at timestamptz;

-- A booking with its money in minor units: paid; refunded, once requested; refund_done, once Stripe says so.
create view bookings_with_money as
select
    bookings.*,
    (select coalesce(sum(amount), 0)::int from money_rows where booking_id = bookings.id and kind = 'payment') as paid,
    coalesce(refunds.requested, 0)::int as refunded,
    coalesce(refunds.done, 0)::int as refund_done
from bookings
left join lateral (
    select sum(amount) as requested, sum(amount) filter (where state = 'done') as done
    from operations where booking_id = bookings.id and kind = 'refund'
) as refunds on true;

-- Somebody's own seat at a gathering: their latest booking there, an active one first, and their latest request for that
-- date, with what decides how it is now; null for whoever has neither. circles/bookings/seat_rules.py reads it.
create function own_seat(gathering uuid, person uuid) returns jsonb language sql stable strict parallel safe as $$
select
    jsonb_build_object(
        'gathering_id', gatherings.id, 'gathering_state', gatherings.state, 'starts_at', gatherings.starts_at,
        'ends_at', gatherings.ends_at, 'zone', gatherings.zone, 'now', clock_timestamp(),
        'booking', case when booking.id is not null then to_jsonb(booking) end,
        'request', case when request.id is not null then to_jsonb(request) end
    )
from gatherings
left join lateral (
    select
        bookings.id, bookings.state, bookings.kind, bookings.amount, bookings.currency, bookings.end_cause,
        bookings.held_until, bookings.let_go_at, bookings.returned_at, bookings.full_refund_until, bookings.paid,
        bookings.refunded, bookings.refund_done
    from bookings_with_money as bookings
    where bookings.gathering_id = gatherings.id and bookings.person_id = person
    order by bookings.state in ('held', 'confirmed') desc, bookings.created_at desc limit 1
) as booking on true
left join lateral (
    select requests.id, requests.state from requests
    where requests.gathering_id = gatherings.id and requests.person_id = person
        and requests.state <> 'withdrawn' and requests.forgotten_at is null
    order by requests.created_at desc limit 1
) as request on true
where gatherings.id = gathering and (booking.id is not null or request.id is not null)
$$;

-- Somebody's seats at other gatherings at overlapping hours, each with the discreet name of its circle.
create function overlaps_of(gathering uuid, person uuid) returns jsonb language sql stable parallel safe as $$
select
    coalesce(jsonb_agg(
        jsonb_build_object(
            'booking_id', bookings.id, 'name', circles.discreet_name, 'starts_at', dates.starts_at, 'zone', dates.zone
        ) order by dates.starts_at, bookings.id
    ), '[]')
from gatherings
join bookings on bookings.person_id = person and bookings.state in ('held', 'confirmed')
join gatherings as dates on dates.id = bookings.gathering_id and dates.id <> gatherings.id
    and dates.starts_at < gatherings.ends_at and dates.ends_at > gatherings.starts_at
join circles on circles.id = dates.circle_id
where gatherings.id = gathering
$$;

-- Who is kept apart from somebody in a circle asks its hosts for each seat there, whether or not the other comes: what
-- they meet never depends on the other's booking. A request of kind 'seat' is about one gathering.
-- squawk-ignore ban-drop-constraint
alter table requests drop constraint request_kind_known;
alter table requests add constraint request_kind_known check (kind in ('questions', 'call', 'seat'));
-- squawk-ignore require-concurrent-index-deletion
drop index request_once;
-- squawk-ignore require-concurrent-index-creation
create unique index request_once on requests (circle_id, person_id)
where state in ('waiting', 'asked', 'approved') and kind <> 'seat';
-- squawk-ignore require-concurrent-index-creation
create unique index request_once_per_seat on requests (gathering_id, person_id)
where state in ('waiting', 'asked', 'approved') and kind = 'seat';

-- Whether somebody asks for each seat in a circle.
create function asks_for_seats(circle uuid, person uuid) returns boolean language sql stable parallel safe
return exists (
    select from apart where apart.circle_id = circle and person in (apart.first_id, apart.second_id)
);

-- How a circle admits people, and how far somebody is admitted: to a gathering of it, or where that is null, in general.
-- asks: what they are asked, seat for those who ask for each seat; circle_asks: what the circle asks anybody. admitted:
-- whether the hosts know them; approved: whether they may book.
create function admission_to(circle uuid, person uuid, gathering uuid)
returns table (
    asks text, circle_asks text, screening_version integer, questions text [], newcomers_most smallint,
    newcomers_days smallint, newcomer boolean, admitted boolean, request_id uuid, request_state text, approved boolean
)
language sql stable as $$
select
    case when pair.asks then 'seat' else coalesce(screenings.asks, 'off') end,
    coalesce(screenings.asks, 'off'), coalesce(screenings.version, 0), coalesce(screenings.questions, '{}'),
    screenings.newcomers_most, screenings.newcomers_days,
    screenings.circle_id is not null and not been_here(circles.id, person),
    known.yes, request.id, coalesce(request.state, ''),
    case when pair.asks then coalesce(request.state = 'approved', false)
        else screenings.asks is null or screenings.asks = 'off' or known.yes end
from circles
left join screenings on screenings.circle_id = circles.id
cross join lateral (select asks_for_seats(circles.id, person) as asks) as pair
cross join lateral (
    select exists (
        select from requests
        where requests.circle_id = circles.id and requests.person_id = person
            and requests.kind <> 'seat' and requests.state = 'approved'
    )
    or exists (select from hosts where hosts.circle_id = circles.id and hosts.person_id = person)
    or exists (
        select from bookings join gatherings as dates on dates.id = bookings.gathering_id
        where bookings.person_id = person and bookings.state = 'confirmed' and dates.circle_id = circles.id
    ) as yes
) as known
left join lateral (
    select requests.id, requests.state from requests
    where requests.circle_id = circles.id and requests.person_id = person
        and requests.state <> 'withdrawn' and (requests.state <> 'declined' or requests.forgotten_at is null)
        and case when pair.asks then requests.kind = 'seat' and requests.gathering_id = gathering
            else requests.kind <> 'seat' end
    order by requests.created_at desc limit 1
) as request on true
where circles.id = circle
$$;

-- Whether the rules of the room let somebody take a seat; see 0014. Who asks for each seat needs the hosts' yes for this
-- gathering, and nobody sits beside the one they are kept apart from.
create or replace function room_lets_in(gathering uuid, person uuid) returns boolean language plpgsql volatile as $$
declare
    here uuid;
    most smallint;
begin
    select gatherings.circle_id, screenings.newcomers_most into here, most
    from gatherings left join screenings on screenings.circle_id = gatherings.circle_id
    where gatherings.id = gathering;
    if asks_for_seats(here, person) and not exists (
        select from requests
        where requests.gathering_id = gathering and requests.person_id = person
            and requests.kind = 'seat' and requests.state = 'approved'
    ) then
        return false;
    end if;
    if kept_apart(gathering, person) then
        return false;
    end if;
    return most is null or been_here(here, person) or newcomers_at(gathering) < most;
end
$$;

-- Pairs kept apart who both have a seat at a gathering, for a host who may see pairs; never one with the reader in it.
create function pairs_together(gathering uuid, reader uuid) returns jsonb language sql stable as $$
select
    coalesce(jsonb_agg(
        jsonb_build_array(least(first.name, second.name), greatest(first.name, second.name))
        order by least(first.name, second.name), greatest(first.name, second.name)
    ), '[]')
from gatherings
join apart on apart.circle_id = gatherings.circle_id and reader not in (apart.first_id, apart.second_id)
join bookings as one on one.gathering_id = gatherings.id and one.person_id = apart.first_id
    and one.state in ('held', 'confirmed')
join bookings as other on other.gathering_id = gatherings.id and other.person_id = apart.second_id
    and other.state in ('held', 'confirmed')
join people as first on first.id = apart.first_id
join people as second on second.id = apart.second_id
where gatherings.id = gathering
$$;

-- Whether two people are kept apart in a circle.
create function are_apart(circle uuid, one uuid, other uuid) returns boolean language sql stable parallel safe
return exists (
    select from apart
    where apart.circle_id = circle and apart.first_id = least(one, other) and apart.second_id = greatest(one, other)
);
