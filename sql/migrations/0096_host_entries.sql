-- Calendars of hosts: what each of them hosts, as calendar entries that a feed shows and that mail sends on wish.

alter table people add column hosting_mail boolean not null default false;

-- One row per gathering and person who hosts it, or did. Triggers keep it, so that a feed which reads it before a mail is
-- sent never finds another state under the same number. facts: what the entry shows; told: what the last mail showed.
-- due: a mail may have to be sent.
create table host_entries (
    id uuid primary key default gen_random_uuid(),
    gathering_id uuid not null references gatherings (id) on delete cascade,
    person_id uuid not null references people (id) on delete cascade,
    uid text not null default gen_random_uuid()::text,
    sequence integer not null default 0,
    changed_at timestamptz not null default now(),
    hosting boolean not null default true,
    facts jsonb not null,
    told jsonb,
    mailed text,
    mailed_sequence integer,
    organizer text,
    due boolean not null default false,
    constraint host_entry_once unique (gathering_id, person_id),
    constraint host_entry_uid_once unique (uid),
    constraint host_entry_sequence_counts check (sequence >= 0),
    constraint host_entry_mailed_known check (mailed in ('REQUEST', 'CANCEL')),
    constraint host_entry_mailed_whole check (
        (mailed is null) = (mailed_sequence is null) and (mailed is null) = (told is null)
    ),
    constraint host_entry_mailed_sequence_fits check (mailed_sequence <= sequence)
);
create index host_entries_person on host_entries (person_id);
create index host_entries_due on host_entries (person_id) where due;

-- Who hosts a gathering: its stand-in, or the lead and the co-facilitators of its circle; its helpers either way. Without the
-- role nobody but a helper hosts.
create function hosting_people(gathering uuid)
returns table (person_id uuid)
language sql stable parallel safe
as $$
    select stand_ins.person_id
    from stand_ins join people on people.id = stand_ins.person_id
    where stand_ins.gathering_id = gathering and (people.is_facilitator or people.is_organizer)
    union
    select hosts.person_id
    from gatherings
    join hosts on hosts.circle_id = gatherings.circle_id
    join people on people.id = hosts.person_id
    where gatherings.id = gathering and (
        hosts.part = 'helper'
        or (people.is_facilitator or people.is_organizer) and not exists (
            select from stand_ins join people as other on other.id = stand_ins.person_id
            where stand_ins.gathering_id = gathering and (other.is_facilitator or other.is_organizer)
        )
    )
$$;

-- What a host's entry shows of a gathering, as one value to compare. Times are seconds since 1970.
create function host_entry_facts(gathering uuid) returns jsonb
language sql stable parallel safe
as $$
    select jsonb_build_object(
        'starts_at', extract(epoch from gatherings.starts_at)::bigint,
        'ends_at', extract(epoch from gatherings.ends_at)::bigint,
        'zone', gatherings.zone,
        'length_minutes', gatherings.length_minutes,
        'discreet_name', circles.discreet_name
    )
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.id = gathering
$$;

-- Bring the entries of these gatherings, as far as they are not over, to what holds now. Returns how many differed.
create function keep_host_entries(ids uuid []) returns bigint
language sql
as $$
    with wanted as (
        select gatherings.id, host.person_id, host_entry_facts(gatherings.id) as facts
        from gatherings cross join lateral hosting_people(gatherings.id) as host
        where gatherings.id = any(ids) and gatherings.state = 'open' and gatherings.ends_at > now()
    ), kept as (
        insert into host_entries (gathering_id, person_id, facts, due)
        select wanted.id, wanted.person_id, wanted.facts, people.hosting_mail
        from wanted join people on people.id = wanted.person_id
        order by wanted.id, wanted.person_id
        on conflict (gathering_id, person_id) do update set
            hosting = true,
            facts = excluded.facts,
            sequence = host_entries.sequence + 1,
            changed_at = greatest(now(), date_trunc('second', host_entries.changed_at) + interval '1 second'),
            due = excluded.due or host_entries.mailed is not distinct from 'REQUEST'
        where not host_entries.hosting or host_entries.facts <> excluded.facts
        returning 1
    ), leaving as (
        select host_entries.gathering_id, host_entries.person_id
        from host_entries join gatherings on gatherings.id = host_entries.gathering_id
        where host_entries.gathering_id = any(ids) and host_entries.hosting and gatherings.ends_at > now()
            and not exists (
                select from wanted
                where wanted.id = host_entries.gathering_id and wanted.person_id = host_entries.person_id
            )
        order by host_entries.gathering_id, host_entries.person_id
        for no key update of host_entries
    ), gone as (
        update host_entries set
            hosting = false,
            sequence = host_entries.sequence + 1,
            changed_at = greatest(now(), date_trunc('second', host_entries.changed_at) + interval '1 second'),
            due = host_entries.mailed is not distinct from 'REQUEST'
        from leaving
        where host_entries.gathering_id = leaving.gathering_id and host_entries.person_id = leaving.person_id
        returning 1
    )
    select (select count(*) from kept) + (select count(*) from gone)
$$;

-- Whoever opens, changes or cancels a gathering.
create function gathering_keeps_hosts() returns trigger language plpgsql as $$
begin
    perform keep_host_entries(array[new.id]);
    return null;
end
$$;
create trigger gatherings_keep_hosts_new after insert on gatherings
for each row when (new.state = 'open') execute function gathering_keeps_hosts();
create trigger gatherings_keep_hosts after update of state, starts_at, ends_at, zone, length_minutes on gatherings
for each row when (
    (old.state, old.starts_at, old.ends_at, old.zone, old.length_minutes)
    is distinct from (new.state, new.starts_at, new.ends_at, new.zone, new.length_minutes)
) execute function gathering_keeps_hosts();

-- Whoever changes the hosts of a circle, or its discreet name.
create function circle_keeps_hosts() returns trigger language plpgsql as $$
declare
    circle uuid := case
        when tg_table_name = 'circles' then to_jsonb(new) ->> 'id'
        else coalesce(to_jsonb(new), to_jsonb(old)) ->> 'circle_id'
    end;
begin
    perform keep_host_entries(array(
        select gatherings.id from gatherings
        where gatherings.circle_id = circle and gatherings.state = 'open' and gatherings.ends_at > now()
    ));
    return null;
end
$$;
create trigger hosts_keep_entries after insert or update or delete on hosts
for each row execute function circle_keeps_hosts();
create trigger circles_keep_host_entries after update of discreet_name on circles
for each row when (old.discreet_name <> new.discreet_name) execute function circle_keeps_hosts();

-- Whoever names or removes a stand-in.
create function stand_in_keeps_hosts() returns trigger language plpgsql as $$
begin
    perform keep_host_entries(array_remove(array[
        (to_jsonb(new) ->> 'gathering_id')::uuid, (to_jsonb(old) ->> 'gathering_id')::uuid
    ], null));
    return null;
end
$$;
create trigger stand_ins_keep_entries after insert or update or delete on stand_ins
for each row execute function stand_in_keeps_hosts();

-- Whoever gives or takes a role; and a person who wants mail about what they host, or no more.
create function person_keeps_hosts() returns trigger language plpgsql as $$
begin
    if (old.is_facilitator, old.is_organizer) <> (new.is_facilitator, new.is_organizer) then
        perform keep_host_entries(array(
            select gatherings.id from gatherings
            where gatherings.state = 'open' and gatherings.ends_at > now() and (
                gatherings.circle_id in (select hosts.circle_id from hosts where hosts.person_id = new.id)
                or gatherings.id in (select stand_ins.gathering_id from stand_ins where stand_ins.person_id = new.id)
            )
        ));
    end if;
    if old.hosting_mail <> new.hosting_mail then
        with mine as (
            select host_entries.gathering_id, host_entries.person_id
            from host_entries join gatherings on gatherings.id = host_entries.gathering_id
            where host_entries.person_id = new.id and gatherings.ends_at > now()
            order by host_entries.gathering_id
            for no key update of host_entries
        )
        update host_entries set due = new.hosting_mail or host_entries.mailed is not distinct from 'REQUEST'
        from mine
        where host_entries.gathering_id = mine.gathering_id and host_entries.person_id = mine.person_id;
    end if;
    -- The description says the time on the clock of its reader. Nobody is told of what they chose themselves.
    if (old.zone, old.clock_hours) is distinct from (new.zone, new.clock_hours) then
        with mine as (
            select host_entries.gathering_id, host_entries.person_id
            from host_entries join gatherings on gatherings.id = host_entries.gathering_id
            where host_entries.person_id = new.id and gatherings.ends_at > now()
            order by host_entries.gathering_id
            for no key update of host_entries
        )
        update host_entries
        set changed_at = greatest(now(), date_trunc('second', host_entries.changed_at) + interval '1 second')
        from mine
        where host_entries.gathering_id = mine.gathering_id and host_entries.person_id = mine.person_id;
    end if;
    return null;
end
$$;
create trigger people_keep_host_entries
after update of is_facilitator, is_organizer, hosting_mail, zone, clock_hours on people
for each row when (
    (old.is_facilitator, old.is_organizer, old.hosting_mail, old.zone, old.clock_hours)
    is distinct from (new.is_facilitator, new.is_organizer, new.hosting_mail, new.zone, new.clock_hours)
) execute function person_keeps_hosts();

-- Entries of which a mail is due: a REQUEST for what its host wants in their calendar and does not have there as it is now; a
-- CANCEL for what is there and not wanted. Nothing once the gathering is over.
create view host_mails_due as
select
    host_entries.gathering_id, host_entries.person_id,
    case when host_entries.hosting and people.hosting_mail then 'REQUEST' else 'CANCEL' end as method
from host_entries
join gatherings on gatherings.id = host_entries.gathering_id and gatherings.ends_at > now()
join people on people.id = host_entries.person_id
where case
    when host_entries.hosting and people.hosting_mail
        then host_entries.mailed is distinct from 'REQUEST' or host_entries.told <> host_entries.facts
    else host_entries.mailed = 'REQUEST'
end;

-- The private feed of what somebody hosts has an address of its own, so that whoever is given it does not learn what they
-- attend. Its token is derived from that of the feed; only hashes are stored. hosting_within: what they host is in the feed
-- of what they attend instead. leaves_out_mailed: neither has what came by mail.
alter table feeds add column hosting_hashes bytea [] not null default '{}';
alter table feeds add column hosting_within boolean not null default false;
alter table feeds add column leaves_out_mailed boolean not null default false;
-- squawk-ignore require-concurrent-index-creation
create index feeds_hosting_hashes on feeds using gin (hosting_hashes);
-- Code of before makes a new address without one for hosting: the old one stops working with it.
create function feed_ends_hosting() returns trigger language plpgsql as $$
begin
    if new.hosting_hashes = old.hosting_hashes then
        new.hosting_hashes := '{}';
    end if;
    return new;
end
$$;
create trigger feeds_end_hosting before update of number on feeds
for each row when (old.number <> new.number) execute function feed_ends_hosting();

select keep_host_entries(array(
    select gatherings.id from gatherings where gatherings.state = 'open' and gatherings.ends_at > now()
));
