-- Events of before are linked batch by batch, each where the last one ended: nobody adds an event while this runs, so all of them are
-- visible to the first batch.
lock table events in share row exclusive mode;
insert into event_chain (watched_through, watched_before, watched_at)
select coalesce(max(events.id), 0), '3'::xid8, 'epoch' from events
on conflict do nothing;

-- As in 0180_audit_chain.sql, but for the mark that follows each batch.
create or replace function seal_events(most integer, patience interval) returns integer
language plpgsql
as $$
declare
    chain event_chain;
    one record;
    salt bytea;
    digest bytea;
    added integer := 0;
    through bigint;
    last_id bigint;
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
        last_id := one.id;
    end loop;
    if added < most and through is not null then
        chain.sealed_through := greatest(chain.sealed_through, through);
        chain.watched_at := null;
    elsif through is not null then
        -- a batch in the order of ids: what is below its last one is linked, so the next batch begins there
        chain.sealed_through := greatest(chain.sealed_through, least(through, last_id));
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
