-- name: circle_choices(chosen, most)
-- the chosen circles, and by name so many others, for a choice in a form
(select id, name from circles where id = any(:chosen::uuid []) order by name_key, id)
union all
(select id, name from circles where id <> all(:chosen::uuid []) order by name_key, id limit :most);


-- name: bookings_page(states, circle, most, after, limit, offset)
-- one page of the bookings in these states, of all circles or of one, the latest first, with what was paid, refunded and noted in cash (minor
-- units); after: the last booking of the page before; total counts them all, up to `most`. Of all circles, the index of each
-- state is read in its order; of one circle, the bookings of its gatherings are put in order
with start as (
    select coalesce(max(created_at), 'infinity') as at from bookings where id = :after
)

select
    bookings.id, bookings.gathering_id, people.name, bookings.state, bookings.end_cause, bookings.kind, bookings.amount,
    bookings.currency, bookings.created_at, circles.id as circle_id, circles.name as circle_name, gatherings.starts_at,
    gatherings.zone, money.paid, money.refunded, cash.noted as cash,
    exists (select from given_seats where given_seats.booking_id = bookings.id) as given, waiting.on_its_way,
    waiting.not_arrived,
    coalesce((
        select disputes.state
        from checkout_lines as lines join disputes on disputes.checkout_id = lines.checkout_id
        where lines.booking_id = page.id order by disputes.made_at desc limit 1
    ), '') as disputed,
    case when :circle::uuid is null
        then (
            select count(*) from (
                select from unnest(:states::text []) as wanted (state)
                cross join lateral (
                    select from bookings as of_state where of_state.state = wanted.state limit :most
                ) as few
                limit :most
            ) as counted
        )
        else (
            select count(*) from (
                select from gatherings as dates join bookings as of_circle on of_circle.gathering_id = dates.id
                where dates.circle_id = :circle and of_circle.state = any(:states::text [])
                limit :most
            ) as counted
        )
    end as total
from (
    (
        select latest.id, latest.created_at
        from unnest(:states::text []) as wanted (state)
        cross join lateral (
            select of_state.id, of_state.created_at from bookings as of_state
            where of_state.state = wanted.state and :circle::uuid is null
                and (of_state.created_at, of_state.id) < (
                    (select at from start), coalesce(:after, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                )
            order by of_state.created_at desc, of_state.id desc
            limit :limit + :offset::bigint
        ) as latest
        order by latest.created_at desc, latest.id desc
        limit :limit offset :offset
    )
    union all
    (
        select of_circle.id, of_circle.created_at
        from gatherings as dates join bookings as of_circle on of_circle.gathering_id = dates.id
        where dates.circle_id = :circle and of_circle.state = any(:states::text [])
            and (of_circle.created_at, of_circle.id) < (
                (select at from start), coalesce(:after, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            )
        order by of_circle.created_at desc, of_circle.id desc
        limit :limit offset :offset
    )
) as page
join bookings on bookings.id = page.id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
join people on people.id = bookings.person_id
cross join lateral (
    select
        coalesce(sum(amount) filter (where kind = 'payment'), 0) as paid,
        coalesce(-sum(amount) filter (where kind in ('refund', 'refund_returned')), 0) as refunded
    from money_rows where booking_id = page.id
) as money
cross join lateral (
    select coalesce(sum(amount), 0) as noted from cash_rows where booking_id = page.id
) as cash
cross join lateral (
    select
        coalesce(bool_or(state = 'sent'), false) as on_its_way,
        coalesce(bool_or(state = 'failed' and settled_at is null), false) as not_arrived
    from operations where booking_id = page.id and kind = 'refund'
) as waiting
order by page.created_at desc, page.id desc;
