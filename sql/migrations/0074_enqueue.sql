-- Enqueue a job, as pgqueuer does, so that a statement that writes enqueues what follows from it. key: while a job of this name and
-- key waits or runs, no other is added. The queue's tables are pgqueuer's own; a test compares the rows.
create function enqueue_job(
    job text, payload text, key text default null, urgency integer default 0, delay interval default interval '0'
) returns void language plpgsql volatile as $$
declare
    job_id bigint;
begin
    insert into pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, headers, status)
    values (urgency, job, convert_to(payload, 'UTF8'), now() + delay, job || ':' || key, 'null', 'queued')
    on conflict (dedupe_key) where status in ('queued', 'picked') and dedupe_key is not null do nothing
    returning id into job_id;
    if found then
        insert into pgqueuer_log (job_id, status, entrypoint, priority) values (job_id, 'queued', job, urgency);
    end if;
end
$$;
