-- Who lost the facilitator's role hosts nothing any more, so their row in hosts lets them past no question of the circle: they
-- are asked like everybody else, unless they had a seat there or a yes.

create or replace function admission_to(circle uuid, person uuid, gathering uuid)
returns table (
    asks text, circle_asks text, screening_version integer, questions text [], newcomers_most smallint,
    newcomers_days smallint, newcomer boolean, admitted boolean, request_id uuid, request_state text, approved boolean
)
language sql stable rows 1 as $$
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
    or exists (select from may_host(circles.id, person))
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
