-- Who hosts a circle now did not always: what was over before they began is not among what they hosted.

-- Whether somebody who hosts a circle did so at a moment, by its events. Of the time before the first that names them, they did
-- unless it says that they began with it: whoever planned a circle brings what they held before.
create function hosted_circle_at(circle uuid, person uuid, moment timestamptz) returns boolean
language plpgsql stable as $$
declare
    ids text [] := array(
        select people.id::text from people where people.id = person or people.merged_into = person
    );
    event events;
    hosted boolean;
begin
    for event in
        select * from events
        where events.about = circle and events.what in ('host.joined', 'host.lead', 'host.left')
            and case events.what
                when 'host.joined' then events.who::text = any(ids) and events.after <> 'helper'
                when 'host.lead' then events.before = any(ids) or events.after = any(ids)
                else events.details ->> 'host' = any(ids) and events.before <> 'helper'
            end
        order by events.id
    loop
        if event.at <= moment then
            hosted := event.what <> 'host.left';
        else
            exit when hosted is not null;
            return event.what = 'host.left' or (event.what = 'host.lead' and event.before = any(ids));
        end if;
    end loop;
    return coalesce(hosted, true);
end
$$;

create or replace function past_gathering_keeps_hosts() returns trigger language plpgsql as $$
begin
    insert into hosted_gatherings (gathering_id, person_id, part)
    select new.id, hosts.person_id, hosts.part
    from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = new.circle_id and hosts.part <> 'helper' and (people.is_facilitator or people.is_organizer)
        and hosted_circle_at(new.circle_id, hosts.person_id, new.starts_at)
    on conflict do nothing;
    return null;
end
$$;

-- What 0142 and lists of the time before gave to hosts who began later. Where there is a calendar entry, it is theirs.
delete from hosted_gatherings as hosted using gatherings
where gatherings.id = hosted.gathering_id and gatherings.ends_at <= now() and hosted.part <> 'stand_in'
    and not exists (
        select from host_entries
        where host_entries.gathering_id = hosted.gathering_id and host_entries.person_id = hosted.person_id
    )
    and not hosted_circle_at(gatherings.circle_id, hosted.person_id, gatherings.starts_at);
