-- Whom a message did not reach, see 0024: of a given seat that nobody answered yet, the name under which it was given.
create or replace function undelivered(about_id uuid) returns table (failed text [], waits text [])
language sql stable parallel safe as $$
    select
        coalesce(array_agg(reader.name order by reader.key) filter (where reader.state <> 'waiting'), '{}'),
        coalesce(array_agg(reader.name order by reader.key) filter (where reader.state = 'waiting'), '{}')
    from (
        select
            mails.state, coalesce(name_for_hosts(booking.id, people.name), people.name) as name,
            case when is_unanswered(booking.id) then name_key(name_for_hosts(booking.id, '')) else people.name_key end as key
        from mails
        join people on people.id = mails.person_id
        left join messages on messages.id = mails.about
        left join lateral (
            select bookings.id from bookings
            where bookings.gathering_id = messages.gathering_id and bookings.person_id = people.id
            order by bookings.created_at desc limit 1
        ) as booking on true
        where mails.about = about_id
            and (
                mails.state in ('refused', 'expired')
                or (mails.state = 'waiting' and mails.created_at < now() - interval '15 minutes')
            )
    ) as reader
$$;
