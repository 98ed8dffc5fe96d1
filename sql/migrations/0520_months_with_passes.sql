-- What was paid for passes counts in the month of the gatherings that were taken of them, and where nobody used it, when they ended.

-- squawk-ignore require-concurrent-index-creation
create index passes_ended on passes (ended_at) where state = 'ended';

-- See 0170.
create or replace function count_month(first_day date, most integer)
returns table (
    gatherings integer, seats integer, taken integer, people integer, came integer, newcomers integer, paid jsonb, given jsonb
)
language plpgsql stable
as $$
declare
    next_day date := (first_day + interval '1 month')::date;
    ids uuid [];
begin
    select array_agg(begun.id) into ids
    from (
        select one.id from gatherings as one
        where one.starts_at >= first_day - 2 and one.starts_at < next_day + 2 and one.starts_at <= now()
            and one.wall_start >= first_day and one.wall_start < next_day and one.state = 'open'
        order by one.starts_at
        limit most + 1
    ) as begun;
    if cardinality(ids) > most then
        return;
    end if;
    return query
    with begun as materialized (
        select one.id, one.circle_id, one.capacity, one.seats_taken, one.community_taken
        from unnest(ids) as chosen (id) join gatherings as one on one.id = chosen.id
    ), present as materialized (
        select bookings.person_id
        from unnest(ids) as chosen (id)
        join bookings on bookings.gathering_id = chosen.id
        join attendance on attendance.booking_id = bookings.id and attendance.mark not in ('absent', 'excused')
        union all
        select coalesce(walk_ins.person_id, walk_ins.id)
        from unnest(ids) as chosen (id)
        join walk_ins on walk_ins.gathering_id = chosen.id and walk_ins.removed_at is null
    ), persons as materialized (
        select distinct present.person_id from present
    ), kept as (
        select bookings.currency, money_rows.amount
        from unnest(ids) as chosen (id)
        join bookings on bookings.gathering_id = chosen.id
        join money_rows on money_rows.booking_id = bookings.id
        union all
        -- as far as the money of the pass is still here
        select
            passes.currency,
            case when money.kept >= money.used_value then uses.value else uses.value::bigint * money.kept / money.used_value end
        from unnest(ids) as chosen (id)
        join bookings on bookings.gathering_id = chosen.id
        join pass_uses as uses on uses.booking_id = bookings.id and uses.state <> 'given_back'
        join passes on passes.id = uses.pass_id
        cross join lateral (select * from passes_with_money where passes_with_money.id = passes.id) as money
        union all
        -- what nobody used of passes that ended in the month (UTC, since the database's own zones may be old), and did not go back
        select passes.currency, greatest(0, money.kept - money.used_value)
        from passes
        cross join lateral (select * from passes_with_money where passes_with_money.id = passes.id) as money
        where passes.state = 'ended' and passes.ended_at >= first_day::timestamp at time zone 'UTC'
            and passes.ended_at < next_day::timestamp at time zone 'UTC'
    ), sums as (
        select kept.currency, sum(kept.amount)::bigint as amount from kept group by kept.currency
    ), presents as (
        select circles.currency, sum(begun.community_taken * circles.suggested)::bigint as amount
        from begun join circles on circles.id = begun.circle_id
        where begun.community_taken > 0
        group by circles.currency
    )
    select
        (select count(*)::integer from begun),
        (select coalesce(sum(begun.capacity), 0)::integer from begun),
        (select coalesce(sum(begun.seats_taken), 0)::integer from begun),
        (select count(*)::integer from persons),
        (select count(*)::integer from present),
        (
            select count(*)::integer from persons
            where exists (select from people as known where known.id = persons.person_id)
                and not exists (
                    select from bookings
                    join attendance on attendance.booking_id = bookings.id and attendance.mark not in ('absent', 'excused')
                    join gatherings as earlier on earlier.id = bookings.gathering_id
                    where bookings.person_id = persons.person_id and earlier.wall_start < first_day
                )
        ),
        coalesce((select jsonb_object_agg(sums.currency, sums.amount) from sums where sums.amount <> 0), '{}'),
        coalesce((select jsonb_object_agg(presents.currency, presents.amount) from presents where presents.amount <> 0), '{}');
end
$$;
