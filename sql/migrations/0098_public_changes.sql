-- When what everybody may see of a gathering or a circle changed last, and how often: public feeds say it (LAST-MODIFIED and
-- SEQUENCE of a calendar, updated of Atom). Seats are no part of it.

alter table gatherings add column public_changed_at timestamptz not null default now();
alter table gatherings add column public_changes integer not null default 0;
alter table circles add column public_changed_at timestamptz not null default now();
alter table circles add column public_changes integer not null default 0;
-- squawk-ignore require-concurrent-index-creation
create index gatherings_public_changed on gatherings (public_changed_at);

create function public_change() returns trigger language plpgsql as $$
begin
    new.public_changed_at := greatest(now(), date_trunc('second', old.public_changed_at) + interval '1 second');
    new.public_changes := old.public_changes + 1;
    return new;
end
$$;
create trigger gatherings_public_change
before update of state, starts_at, ends_at, zone, length_minutes, city on gatherings
for each row when (
    (old.state, old.starts_at, old.ends_at, old.zone, old.length_minutes, old.city)
    is distinct from (new.state, new.starts_at, new.ends_at, new.zone, new.length_minutes, new.city)
) execute function public_change();
create trigger circles_public_change
before update of state, name, discreet_name, format, place, city, currency, minimum, maximum on circles
for each row when (
    (old.state, old.name, old.discreet_name, old.format, old.place, old.city, old.currency, old.minimum, old.maximum)
    is distinct from
    (new.state, new.name, new.discreet_name, new.format, new.place, new.city, new.currency, new.minimum, new.maximum)
) execute function public_change();

-- What public feeds show: the open gatherings ahead of published circles, without address, link, note and people.
create view public_dates as
select
    gatherings.id, gatherings.circle_id, gatherings.starts_at, gatherings.ends_at, gatherings.zone,
    gatherings.length_minutes, circles.name as circle_name, circles.discreet_name, circles.format, circles.place,
    case circles.place when 'in_person' then coalesce(nullif(gatherings.city, ''), circles.city) else '' end as city,
    circles.currency, circles.minimum, circles.maximum,
    greatest(gatherings.public_changed_at, circles.public_changed_at) as changed_at,
    gatherings.public_changes + circles.public_changes as changes
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.state = 'open' and gatherings.starts_at > now() and circles.state = 'published';
