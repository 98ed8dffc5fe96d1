-- What a person knows of a gathering they have booked, so that a change can be said as "was ..., now ...".

-- Everything about a gathering that concerns whoever has a seat, as one value to compare. Times are seconds since 1970,
-- for a timestamp in JSON is written in the zone of the connection. The join link is a hash: it is compared, never
-- shown. Hosts are ids, in an order of their own: names are read when they are shown.
create function gathering_facts(gathering uuid) returns jsonb
language sql stable parallel safe
as $$
    select jsonb_build_object(
        'starts_at', extract(epoch from gatherings.starts_at)::bigint,
        'ends_at', extract(epoch from gatherings.ends_at)::bigint,
        'zone', gatherings.zone,
        'wall_start', to_char(gatherings.wall_start, 'YYYY-MM-DD HH24:MI'),
        'discreet_name', circles.discreet_name,
        'name', circles.name,
        'format', circles.format,
        'place', circles.place,
        'city', case circles.place
            when 'in_person' then coalesce(nullif(gatherings.city, ''), circles.city) else ''
        end,
        'address', case circles.place
            when 'in_person' then coalesce(nullif(gatherings.address, ''), circles.address) else ''
        end,
        'join_link', case circles.place
            when 'online' then encode(sha256(convert_to(
                coalesce(nullif(gatherings.join_link, ''), circles.join_link), 'UTF8'
            )), 'hex')
            else ''
        end,
        'note', gatherings.note,
        'hosts', coalesce(
            (
                select jsonb_build_array(stand_ins.person_id) from stand_ins
                where stand_ins.gathering_id = gatherings.id
            ),
            (
                select jsonb_agg(hosts.person_id order by hosts.person_id) from hosts
                where hosts.circle_id = circles.id and hosts.part <> 'helper'
            ),
            '[]'
        )
    )
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.id = gathering
$$;

-- What the last calendar mail of an invite said.
alter table invites add column told jsonb;
-- What the person saw when they booked, or when they last said that they had seen a change.
alter table bookings add column known jsonb;

-- Whoever writes a booking, it has what the person sees at that moment.
create function know_facts() returns trigger language plpgsql as $$
begin
    new.known := coalesce(new.known, gathering_facts(new.gathering_id));
    return new;
end
$$;
create trigger bookings_know_facts before insert on bookings
for each row execute function know_facts();

-- Whoever confirms or ends a booking, SEQUENCE and the time of the last change rise on its invite, if there is one, so that
-- a calendar feed that reads it before its mail is sent never finds another state under the same number.
create function raise_sequence() returns trigger language plpgsql as $$
begin
    update invites set
        sequence = sequence + 1,
        changed_at = greatest(now(), date_trunc('second', changed_at) + interval '1 second')
    where gathering_id = new.gathering_id and person_id = new.person_id;
    return null;
end
$$;
create trigger bookings_raise_sequence_new after insert on bookings
for each row when (new.state = 'confirmed') execute function raise_sequence();
create trigger bookings_raise_sequence after update of state on bookings
for each row when (old.state <> new.state and 'confirmed' in (old.state, new.state)) execute function raise_sequence();

-- Whoever has a seat now knows what holds now.
update bookings set known = gathering_facts(bookings.gathering_id)
from gatherings
where gatherings.id = bookings.gathering_id and gatherings.ends_at > now()
    and bookings.state in ('held', 'confirmed');
update invites set told = bookings.known
from bookings
where bookings.gathering_id = invites.gathering_id and bookings.person_id = invites.person_id
    and bookings.state = 'confirmed' and bookings.known is not null;

-- One mail about several gatherings has a calendar for each; the first one is in column calendar.
alter table mails add column more_calendars text [] not null default '{}';
