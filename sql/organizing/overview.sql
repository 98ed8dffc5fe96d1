-- The organizers' overview: the next gatherings, and the numbers of months.

-- name: next_gatherings(until, most)
-- the gatherings that are not over and begin before a time, open or canceled, with their seats and lead, the nearest first; those
-- that begin within a day before now may still go on
select
    gatherings.id, gatherings.circle_id, circles.name as circle_name, gatherings.starts_at, gatherings.ends_at, gatherings.zone,
    gatherings.state, gatherings.capacity, gatherings.seats_taken,
    coalesce((
        select people.name from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = circles.id and hosts.part = 'lead'
    ), '') as lead_name
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.state <> 'draft' and gatherings.starts_at > now() - interval '1 day'
    and gatherings.ends_at > now() and gatherings.starts_at < :until
order by gatherings.starts_at, gatherings.id
limit :most;

-- name: months(this_month, last_month, first_month, most)
-- the numbers of the last months as they were counted, the oldest first; those of this and the last one counted now, where not more
-- than `most` gatherings began in them
select
    numbers.month, numbers.gatherings, numbers.seats, numbers.taken, numbers.people, numbers.came, numbers.newcomers, numbers.paid,
    numbers.given, numbers.counted_at, false as is_now
from month_numbers as numbers
where numbers.month between :first_month and :this_month
union all
select
    recent.month, counted.gatherings, counted.seats, counted.taken, counted.people, counted.came, counted.newcomers, counted.paid,
    counted.given, now(), true
from unnest(array[:last_month::date, :this_month::date]) as recent (month)
cross join lateral count_month(recent.month, :most) as counted
order by month, is_now;

-- name: count(month)!
-- count a month, however many gatherings it has, and store its numbers
insert into month_numbers (month, gatherings, seats, taken, people, came, newcomers, paid, given)
select :month, gatherings, seats, taken, people, came, newcomers, paid, given from count_month(:month, 100000000)
on conflict (month) do update set
    gatherings = excluded.gatherings, seats = excluded.seats, taken = excluded.taken, people = excluded.people,
    came = excluded.came, newcomers = excluded.newcomers, paid = excluded.paid, given = excluded.given, counted_at = now();

-- name: uncounted(first_month, last_month)
-- the months between two for which no numbers are stored, the newest first
select month::date from generate_series(:first_month::date, :last_month::date, interval '1 month') as months (month)
where not exists (select from month_numbers where month_numbers.month = months.month::date)
order by month desc;
