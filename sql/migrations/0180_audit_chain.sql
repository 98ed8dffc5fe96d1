-- The chain over the events (docs/decisions/0029-audit-chain.md): each link has the hash of its event and of the link before.

-- salt, digest: of the reason alone, which is the one part of an event that an erasure may empty; the salt goes with it, so that
-- nobody can guess the reason from the digest. erased_for: the person whose erasure that was.
create table event_links (
    position bigint primary key,
    event_id bigint not null,
    salt bytea,
    digest bytea not null,
    hash bytea not null,
    erased_for uuid,
    constraint event_linked_once unique (event_id),
    constraint event_link_erased_for_somebody check ((salt is null) = (erased_for is not null))
);

-- One row: how long the chain is, its last hash, and how far it has been verified. Every event up to sealed_through is linked or
-- will never be, because watched_through was the last id while each transaction that could still add one has ended since.
create table event_chain (
    is_only boolean primary key default true,
    length bigint not null default 0,
    head bytea not null default '',
    sealed_through bigint not null default 0,
    watched_through bigint not null default 0,
    watched_before xid8,
    watched_at timestamptz,
    verified bigint not null default 0,
    constraint event_chain_is_one check (is_only)
);

-- The audit page reads the events by time; an index of some millions is made in seconds.
-- squawk-ignore require-concurrent-index-creation
create index events_at on events (at, id);
-- squawk-ignore require-concurrent-index-creation
create index events_kind_at on events (what, at, id);
-- squawk-ignore require-concurrent-index-creation
create index events_who_at on events (who, at, id) where who is not null;

-- The hash of a reason with its salt.
create function event_digest(salt bytea, why text) returns bytea
language sql immutable parallel safe
as $$
    select sha256(salt || convert_to(why, 'UTF8'))
$$;

-- The hash of a link: of the one before, its position, its event without the reason, and the digest of the reason.
create function event_hash(previous bytea, place bigint, event events, digest bytea) returns bytea
language sql immutable parallel safe
as $$
    select sha256(
        previous || convert_to(jsonb_build_array(
            place, event.id, (extract(epoch from event.at) * 1000000)::bigint, event.who, event.what, event.about,
            event.before, event.after, event.details, encode(digest, 'hex')
        )::text, 'UTF8')
    )
$$;

-- Link the events that are not linked yet, at most so many, and return how many they were. One caller at a time; nobody who adds an
-- event waits. patience: how long a transaction may take from an id to its row before its event counts as one that never came.
create function seal_events(most integer, patience interval) returns integer
language plpgsql
as $$
declare
    chain event_chain;
    one record;
    salt bytea;
    digest bytea;
    added integer := 0;
    through bigint;
begin
    insert into event_chain default values on conflict do nothing;
    select * into chain from event_chain for update;
    -- read before the events are: what has ended by now is visible to the query below
    through := case
        when chain.watched_at <= clock_timestamp() - patience
            and pg_snapshot_xmin(pg_current_snapshot()) >= chain.watched_before
        then chain.watched_through
    end;
    for one in
        select events as event, events.id, events.why from events
        where events.id > chain.sealed_through
            and not exists (select from event_links where event_links.event_id = events.id)
        order by events.id
        limit most
    loop
        salt := uuid_send(gen_random_uuid());
        digest := event_digest(salt, one.why);
        chain.length := chain.length + 1;
        chain.head := event_hash(chain.head, chain.length, one.event, digest);
        insert into event_links (position, event_id, salt, digest, hash)
        values (chain.length, one.id, salt, digest, chain.head);
        added := added + 1;
    end loop;
    if added < most and through is not null then
        chain.sealed_through := greatest(chain.sealed_through, through);
        chain.watched_at := null;
    end if;
    if chain.watched_at is null or chain.watched_before > pg_snapshot_xmax(pg_current_snapshot()) then
        -- the second after a restore from a dump, where transactions are counted anew
        chain.watched_through := coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'id')), 0);
        chain.watched_before := pg_snapshot_xmax(pg_current_snapshot());
        chain.watched_at := clock_timestamp();
    end if;
    update event_chain set
        length = chain.length, head = chain.head, sealed_through = chain.sealed_through,
        watched_through = chain.watched_through, watched_before = chain.watched_before, watched_at = chain.watched_at;
    return added;
end
$$;

-- The links after a position that are broken, the first ones by position, and what is wrong with each. A link whose event was
-- changed keeps the hash that those after it were made of, so that one change breaks one link.
create function broken_events(verified_place bigint, most integer)
returns table (place bigint, event_id bigint, problem text)
language sql stable
as $$
    with chain as (
        select * from event_chain
        union all
        select true, 0, ''::bytea, 0, 0, null, null, 0 where not exists (select from event_chain)
    ), links as (
        select
            event_links.*,
            lag(event_links.position, 1, verified_place) over (order by event_links.position) as place_before,
            coalesce(
                lag(event_links.hash) over (order by event_links.position),
                (select earlier.hash from event_links as earlier where earlier.position = verified_place), ''
            ) as hash_before
        from event_links where event_links.position > verified_place
    ), judged as (
        select
            links.position as place, links.event_id,
            case
                when links.position <> links.place_before + 1 then 'the link before it is missing'
                when events.id is null then 'it was deleted'
                when links.salt is not null and event_digest(links.salt, events.why) <> links.digest
                    then 'its reason was changed'
                when links.salt is null and events.why <> '' then 'its reason was changed'
                when links.salt is null and not exists (
                    select from events as erasures
                    where erasures.about = links.erased_for and erasures.what = 'privacy.erased'
                ) then 'its reason was emptied without an erasure'
                when event_hash(links.hash_before, links.position, events, links.digest) <> links.hash
                    then 'it was changed'
            end as problem
        from links left join events on events.id = links.event_id
        union all
        select null, events.id, 'it was inserted later'
        from events cross join chain
        where events.id <= chain.sealed_through
            and events.id > coalesce((select earlier.event_id from event_links as earlier where earlier.position = verified_place), 0)
            and not exists (select from event_links where event_links.event_id = events.id)
        union all
        select chain.length, null, 'the end of the chain was changed'
        from chain
        where (chain.length, chain.head) is distinct from (
            coalesce((select max(event_links.position) from event_links), 0),
            coalesce((select event_links.hash from event_links order by event_links.position desc limit 1), '')
        )
    )
    select judged.place, judged.event_id, judged.problem from judged
    where judged.problem is not null
    order by judged.event_id nulls last, judged.place
    limit most
$$;

-- Events are added. Nothing else is possible but what an erasure does: it empties the reason.
create function refuse_event_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and current_setting('circles.erasing', true) = 'on' then
        if tg_table_name = 'events' and to_jsonb(new) ->> 'why' = '' and to_jsonb(new) - 'why' = to_jsonb(old) - 'why' then
            return new;
        end if;
        if tg_table_name = 'event_links' and to_jsonb(new) ->> 'salt' is null
            and to_jsonb(new) - 'salt' - 'erased_for' = to_jsonb(old) - 'salt' - 'erased_for' then
            return new;
        end if;
    end if;
    raise exception 'rows of % are append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end
$$;
drop trigger events_append_only on events;
create trigger events_append_only before update or delete on events
for each row execute function refuse_event_change();
create trigger events_not_emptied before truncate on events
for each statement execute function refuse_change();
create trigger event_links_append_only before update or delete on event_links
for each row execute function refuse_event_change();
create trigger event_links_not_emptied before truncate on event_links
for each statement execute function refuse_change();

-- Empty the reasons that people wrote about somebody or about their seats. The kinds are those of circles/store/audit.py.
create function erase_event_reasons(person uuid, kinds text []) returns integer
language plpgsql
as $$
declare
    erased bigint [];
begin
    perform set_config('circles.erasing', 'on', true);
    with emptied as (
        update events set why = ''
        where why <> '' and what = any(kinds) and (
            about = person
            or about in (select id from bookings where person_id = person)
            or about in (select id from waits where person_id = person)
        )
        returning id
    )
    select coalesce(array_agg(id), '{}') into erased from emptied;
    update event_links set salt = null, erased_for = person where event_id = any(erased) and salt is not null;
    perform set_config('circles.erasing', 'off', true);
    return cardinality(erased);
end
$$;
