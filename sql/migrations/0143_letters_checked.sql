-- What checking a letter asks of the register.

-- How many came to a gathering by its register, with a seat or without one.
create function came_to(gathering uuid) returns bigint
language sql stable parallel safe
return coalesce((
    select register_counts.came from register_counts where register_counts.gathering_id = gathering
), 0) + (
    select count(*) from walk_ins where walk_ins.gathering_id = gathering and walk_ins.removed_at is null
);

-- What the register says by now for the person, the period and the circle of a letter, of gatherings that were over when it was
-- made.
create function letter_now(letter uuid)
returns table (gatherings bigint, minutes bigint, people bigint)
language sql stable parallel safe
as $$
    select count(*), coalesce(sum(dates.length_minutes), 0), coalesce(sum(visits.people), 0)
    from letters
    cross join lateral (
        select presences.gathering_id, 0::bigint as people from presences_of(letters.person_id) as presences
        where letters.kind = 'attended'
        union all
        select hosted.gathering_id, came_to(hosted.gathering_id) from hosted_gatherings as hosted
        where letters.kind = 'hosted' and hosted.person_id = letters.person_id and came_to(hosted.gathering_id) > 0
    ) as visits
    join gatherings as dates on dates.id = visits.gathering_id
    where letters.id = letter and dates.state = 'open' and dates.ends_at <= letters.made_at
        and dates.wall_start >= letters.first_date and dates.wall_start < letters.last_date + 1
        and (letters.circle_id is null or dates.circle_id = letters.circle_id)
$$;
