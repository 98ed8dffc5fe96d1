-- Every booking for organizers: lists of them, nearest gathering first, and the story of one.

-- name: ahead(states, circle, day, since, after, limit)
-- one page of the bookings in these states at gatherings from a time on, of all circles or of one, on a day of the circle's calendar
-- or on any: the nearest first. after: the last booking of the page before
with start as (
    select gatherings.starts_at, gatherings.id as gathering_id, bookings.id
    from bookings join gatherings on gatherings.id = bookings.gathering_id where bookings.id = :after
)

select page.id from (
    (
        select booked.id, dates.starts_at, dates.id as gathering_id
        from gatherings as dates
        cross join lateral (
            select bookings.id from bookings
            where bookings.gathering_id = dates.id and bookings.state = any(:states::text [])
                and (dates.starts_at, dates.id, bookings.id) > (
                    coalesce((select starts_at from start), '-infinity'),
                    coalesce((select gathering_id from start), '00000000-0000-0000-0000-000000000000'),
                    coalesce((select id from start), '00000000-0000-0000-0000-000000000000')
                )
        ) as booked
        where :circle::uuid is null and dates.starts_at >= coalesce((select starts_at from start), :since)
            and dates.starts_at >= coalesce(:day::date - 1, '-infinity') and dates.starts_at < coalesce(:day::date + 3, 'infinity')
            and (:day::date is null or (dates.wall_start >= :day::date and dates.wall_start < :day::date + 1))
        order by dates.starts_at, dates.id, booked.id
        limit :limit
    )
    union all
    (
        select booked.id, dates.starts_at, dates.id
        from gatherings as dates
        cross join lateral (
            select bookings.id from bookings
            where bookings.gathering_id = dates.id and bookings.state = any(:states::text [])
                and (dates.starts_at, dates.id, bookings.id) > (
                    coalesce((select starts_at from start), '-infinity'),
                    coalesce((select gathering_id from start), '00000000-0000-0000-0000-000000000000'),
                    coalesce((select id from start), '00000000-0000-0000-0000-000000000000')
                )
        ) as booked
        where dates.circle_id = :circle and dates.starts_at >= coalesce((select starts_at from start), :since)
            and (:day::date is null or (dates.wall_start >= :day::date and dates.wall_start < :day::date + 1))
        order by dates.starts_at, dates.id, booked.id
        limit :limit
    )
) as page
order by page.starts_at, page.gathering_id, page.id;

-- name: past(states, circle, until, after, limit)
-- the same of gatherings before a time, the latest first
with start as (
    select gatherings.starts_at, gatherings.id as gathering_id, bookings.id
    from bookings join gatherings on gatherings.id = bookings.gathering_id where bookings.id = :after
)

select page.id from (
    (
        select booked.id, dates.starts_at, dates.id as gathering_id
        from gatherings as dates
        cross join lateral (
            select bookings.id from bookings
            where bookings.gathering_id = dates.id and bookings.state = any(:states::text [])
                and (dates.starts_at, dates.id, bookings.id) < (
                    coalesce((select starts_at from start), 'infinity'),
                    coalesce((select gathering_id from start), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
                    coalesce((select id from start), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                )
        ) as booked
        where :circle::uuid is null and dates.starts_at <= coalesce((select starts_at from start), :until) and dates.starts_at < :until
        order by dates.starts_at desc, dates.id desc, booked.id desc
        limit :limit
    )
    union all
    (
        select booked.id, dates.starts_at, dates.id
        from gatherings as dates
        cross join lateral (
            select bookings.id from bookings
            where bookings.gathering_id = dates.id and bookings.state = any(:states::text [])
                and (dates.starts_at, dates.id, bookings.id) < (
                    coalesce((select starts_at from start), 'infinity'),
                    coalesce((select gathering_id from start), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
                    coalesce((select id from start), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                )
        ) as booked
        where dates.circle_id = :circle and dates.starts_at <= coalesce((select starts_at from start), :until)
            and dates.starts_at < :until
        order by dates.starts_at desc, dates.id desc, booked.id desc
        limit :limit
    )
) as page
order by page.starts_at desc, page.gathering_id desc, page.id desc;

-- name: of_names(text, states, circle, day, since, until, is_past, most, limit, offset)
-- one page of the bookings of people with a part of a name: at gatherings between two times, the nearest first, or the latest first.
-- Of more than `most` people, any of them
with matching as materialized (
    select people.id from people
    where pieces(people.name_key || ' ' || people.email) @> pieces_of_part(nullif(name_key(:text), ''))
        and (length(name_key(:text)) < 3 or strpos(people.name_key, name_key(:text)) > 0)
    limit :most
)

select bookings.id
from matching
join bookings on bookings.person_id = matching.id
join gatherings on gatherings.id = bookings.gathering_id
where bookings.state = any(:states::text []) and gatherings.starts_at >= :since and gatherings.starts_at < :until
    and (:circle::uuid is null or gatherings.circle_id = :circle)
    and (:day::date is null or (gatherings.wall_start >= :day::date and gatherings.wall_start < :day::date + 1))
order by
    case when not :is_past::boolean then gatherings.starts_at end,
    case when :is_past::boolean then gatherings.starts_at end desc, bookings.id
limit :limit offset :offset;

-- name: of_number(first, last)$
-- the booking with a number, which is that of these ids: circles/base/reading.py
select bookings.id from bookings where bookings.id between :first and :last order by bookings.created_at limit 1;

-- name: with_money(ids)
-- some bookings, in this order, with what was paid, refunded and noted in cash (minor units)
select
    bookings.id, bookings.gathering_id, people.id as person_id, people.name, bookings.state, bookings.end_cause, bookings.kind,
    bookings.amount, bookings.currency, circles.id as circle_id, circles.name as circle_name, gatherings.starts_at,
    gatherings.zone, money.paid, money.refunded, cash.noted as cash,
    exists (select from given_seats where given_seats.booking_id = bookings.id) as given, waiting.on_its_way,
    (select pass_uses.pass_id from pass_uses where pass_uses.booking_id = bookings.id) as pass_id,
    waiting.not_arrived,
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
    array(
        select lines.checkout_id from checkout_lines as lines join checkouts on checkouts.id = lines.checkout_id
        where lines.booking_id = bookings.id order by checkouts.created_at, checkouts.id
    ) as payments,
    coalesce((
        select disputes.state
        from checkout_lines as lines join disputes on disputes.checkout_id = lines.checkout_id
        where lines.booking_id = bookings.id order by disputes.made_at desc limit 1
    ), '') as disputed
from unnest(:ids::uuid []) with ordinality as chosen (id, place)
join bookings on bookings.id = chosen.id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
join people on people.id = bookings.person_id
cross join lateral (
    select
        coalesce(sum(amount) filter (where kind = 'payment'), 0) as paid,
        coalesce(-sum(amount) filter (where kind in ('refund', 'refund_returned')), 0) as refunded
    from money_rows where booking_id = bookings.id
) as money
cross join lateral (
    select coalesce(sum(amount), 0) as noted from cash_rows where booking_id = bookings.id
) as cash
cross join lateral (
    select
        coalesce(bool_or(state = 'sent'), false) as on_its_way,
        coalesce(bool_or(state = 'failed' and settled_at is null), false) as not_arrived
    from operations where booking_id = bookings.id and kind = 'refund'
) as waiting
order by chosen.place;

-- name: circle_choices(chosen, most)
-- the chosen circles, and by name so many others, for a choice in a form
(select id, name from circles where id = any(:chosen::uuid []) order by name_key, id)
union all
(select id, name from circles where id <> all(:chosen::uuid []) order by name_key, id limit :most);

-- name: story(id)
-- what happened to a booking, oldest first: event rows, money, cash, disputes, marks, calendar entries and mails, the guidelines that
-- were agreed to, the seat that was given. source, what: the kind
select happened.at, happened.source, happened.what, happened.why, happened.amount, happened.currency, coalesce(people.name, '') as who_name,
    happened.who is null as by_site
from (
    select at, 'event' as source, what, case when what like 'booking.%' then '' else why end as why, null::bigint as amount, '' as currency, who
    from events where about = :id and what <> 'attendance.marked'
    union all
    select money_rows.at, 'money', money_rows.kind, '', money_rows.amount, money_rows.currency, null
    from money_rows where money_rows.booking_id = :id
    union all
    select cash_rows.at, 'cash', cash_rows.kind, cash_rows.note, cash_rows.amount, cash_rows.currency, cash_rows.noted_by
    from cash_rows where cash_rows.booking_id = :id
    union all
    select disputes.made_at, 'dispute', 'opened', '', disputes.amount, disputes.currency, null
    from checkout_lines join disputes on disputes.checkout_id = checkout_lines.checkout_id where checkout_lines.booking_id = :id
    union all
    select disputes.closed_at, 'dispute', disputes.state, '', disputes.amount, disputes.currency, null
    from checkout_lines join disputes on disputes.checkout_id = checkout_lines.checkout_id
    where checkout_lines.booking_id = :id and disputes.closed_at is not null
    union all
    select register_marks.made_at, 'mark', register_marks.mark, '', null, '', register_marks.made_by
    from register_marks where register_marks.booking_id = :id
    union all
    select sendings.sent_at, 'calendar', sendings.method, '', null, '', null
    from sendings where sendings.booking_id = :id
    union all
    select mails.created_at, 'mail', mails.kind, mails.state, null, '', null
    from mails where mails.about = :id and mails.calendar is null
    union all
    select acceptances.accepted_at, 'agreed', '', '', null, '', acceptances.person_id
    from bookings join acceptances on acceptances.id = bookings.acceptance_id where bookings.id = :id
    union all
    select given_seats.given_at, 'given', '', '', null, '', given_seats.given_by
    from given_seats where given_seats.booking_id = :id
) as happened
left join people on people.id = happened.who
order by happened.at, happened.source, happened.what;
