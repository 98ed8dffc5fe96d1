-- name: between(online_from, in_person_from, until, city, limit, actor_id)
-- open gatherings with a free seat that start within a span, with the reader's own seats; a start that is null leaves
-- that place out
select cards.*, own_seat(cards.id, :actor_id) as own
from gathering_cards as cards
where cards.seats_taken < cards.capacity
    and cards.starts_at > now()
    and cards.starts_at >= least(:online_from::timestamptz, :in_person_from::timestamptz)
    and cards.starts_at <= :until::timestamptz
    and cards.starts_at >= case cards.place
        when 'online' then :online_from::timestamptz else :in_person_from::timestamptz
    end
    and (:city::text = '' or cards.place = 'online' or has_name(name_key(cards.city), :city::text))
order by cards.starts_at, cards.id
limit :limit;

-- name: nearest(moments, within, online, in_person, city, actor_id)
-- for each moment, counted from 1, the open gathering with a free seat that starts nearest to it, if there is one, with
-- the reader's own seat
select moments.number::int as number, nearest.*, own_seat(nearest.id, :actor_id) as own
from unnest(:moments::timestamptz []) with ordinality as moments (at, number)
cross join lateral (
    select cards.*
    from gathering_cards as cards
    where cards.seats_taken < cards.capacity
        and cards.starts_at > now()
        and cards.starts_at >= moments.at - :within::interval
        and cards.starts_at <= moments.at + :within::interval
        and case cards.place when 'online' then :online::boolean else :in_person::boolean end
        and (:city::text = '' or cards.place = 'online' or has_name(name_key(cards.city), :city::text))
    order by abs(extract(epoch from cards.starts_at - moments.at)), cards.starts_at, cards.id
    limit 1
) as nearest
order by moments.number;
