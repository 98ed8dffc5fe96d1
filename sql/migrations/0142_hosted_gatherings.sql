-- Who hosted which gathering, and as what: kept while it is ahead, and left alone once it is over, however hosts change then.

-- part: 'lead' or 'co' of its circle, or its 'stand_in'. A helper hosts nothing.
create table hosted_gatherings (
    gathering_id uuid not null references gatherings (id) on delete cascade,
    person_id uuid not null references people (id) on delete cascade,
    part text not null,
    primary key (person_id, gathering_id),
    constraint hosted_part_known check (part in ('lead', 'co', 'stand_in'))
);
create index hosted_gatherings_gathering on hosted_gatherings (gathering_id);

-- As what somebody hosts a gathering now; null for who does not, or only helps.
create function hosting_part(gathering uuid, person uuid) returns text
language sql stable parallel safe
return case
    when exists (
        select from stand_ins where stand_ins.gathering_id = gathering and stand_ins.person_id = person
    ) then 'stand_in'
    else (
        select hosts.part from gatherings join hosts on hosts.circle_id = gatherings.circle_id
        where gatherings.id = gathering and hosts.person_id = person and hosts.part <> 'helper'
    )
end;

-- With every calendar entry of a host (0096), which triggers keep.
create function keep_hosted_gathering() returns trigger language plpgsql as $$
declare
    kept text := case when new.hosting then hosting_part(new.gathering_id, new.person_id) end;
begin
    if kept is null then
        delete from hosted_gatherings
        where hosted_gatherings.gathering_id = new.gathering_id and hosted_gatherings.person_id = new.person_id
            and exists (select from gatherings where gatherings.id = new.gathering_id and gatherings.ends_at > now());
    else
        insert into hosted_gatherings as hosted (gathering_id, person_id, part)
        values (new.gathering_id, new.person_id, kept)
        on conflict (person_id, gathering_id) do update set part = excluded.part where hosted.part <> excluded.part;
    end if;
    return null;
end
$$;
create trigger host_entries_keep_hosted_new after insert on host_entries
for each row execute function keep_hosted_gathering();
create trigger host_entries_keep_hosted after update of hosting, facts on host_entries
for each row execute function keep_hosted_gathering();

-- A host becomes the lead, a helper a co-facilitator: what is ahead is theirs as that.
create function keep_hosted_parts() returns trigger language plpgsql as $$
begin
    delete from hosted_gatherings using gatherings
    where gatherings.id = hosted_gatherings.gathering_id and gatherings.circle_id = new.circle_id
        and gatherings.ends_at > now() and hosted_gatherings.person_id = new.person_id
        and hosted_gatherings.part <> 'stand_in' and new.part = 'helper';
    insert into hosted_gatherings as hosted (gathering_id, person_id, part)
    select entries.gathering_id, entries.person_id, hosting_part(entries.gathering_id, entries.person_id)
    from gatherings
    join host_entries as entries
        on entries.gathering_id = gatherings.id and entries.person_id = new.person_id and entries.hosting
    where gatherings.circle_id = new.circle_id and gatherings.ends_at > now() and new.part <> 'helper'
    on conflict (person_id, gathering_id) do update set part = excluded.part where hosted.part <> excluded.part;
    return null;
end
$$;
-- After hosts_keep_entries (0096), by its name: what it adds is there.
create trigger hosts_keep_hosted_parts after update of part on hosts
for each row when (old.part <> new.part) execute function keep_hosted_parts();

-- A gathering that is over when it is added (of another list, of the demo): those who host its circle hosted it.
create function past_gathering_keeps_hosts() returns trigger language plpgsql as $$
begin
    insert into hosted_gatherings (gathering_id, person_id, part)
    select new.id, hosts.person_id, hosts.part
    from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = new.circle_id and hosts.part <> 'helper' and (people.is_facilitator or people.is_organizer)
    on conflict do nothing;
    return null;
end
$$;
create trigger gatherings_past_keep_hosts after insert on gatherings
for each row when (new.state = 'open' and new.ends_at <= now()) execute function past_gathering_keeps_hosts();

-- What is known of the time before: the calendar entries since 0096; before them, the stand-in, or else who hosts the circle now.
insert into hosted_gatherings (gathering_id, person_id, part)
select entries.gathering_id, entries.person_id, coalesce(hosting_part(entries.gathering_id, entries.person_id), 'co')
from host_entries as entries
where entries.hosting and not exists (
    select from gatherings join hosts on hosts.circle_id = gatherings.circle_id
    where gatherings.id = entries.gathering_id and hosts.person_id = entries.person_id and hosts.part = 'helper'
) on conflict do nothing;
insert into hosted_gatherings (gathering_id, person_id, part)
select gatherings.id, stand_ins.person_id, 'stand_in'
from gatherings join stand_ins on stand_ins.gathering_id = gatherings.id
where gatherings.state = 'open' and gatherings.ends_at <= now()
    and not exists (select from host_entries where host_entries.gathering_id = gatherings.id)
on conflict do nothing;
insert into hosted_gatherings (gathering_id, person_id, part)
select gatherings.id, hosts.person_id, hosts.part
from gatherings
join hosts on hosts.circle_id = gatherings.circle_id and hosts.part <> 'helper'
where gatherings.state = 'open' and gatherings.ends_at <= now()
    and not exists (select from host_entries where host_entries.gathering_id = gatherings.id)
    and not exists (select from stand_ins where stand_ins.gathering_id = gatherings.id)
on conflict do nothing;
