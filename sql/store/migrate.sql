-- name: try_lock(key)$
-- Take the lock of the migration runner if it is free; never wait for it in the database.
select pg_try_advisory_lock(:key::bigint);

-- name: unlock(key)$
-- Give the lock back.
select pg_advisory_unlock(:key::bigint);

-- name: make_record()!
-- The record of what was applied.
create table if not exists circles_migrations (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
);

-- name: applied()
-- What was applied, in order.
select name, sha256 from circles_migrations order by name;

-- name: record(name, sha256)!
-- Note what has just been applied.
insert into circles_migrations (name, sha256) values (:name, :sha256);

-- name: be_brief()$
-- In this transaction, give up on a lock that others hold, so that the site does not queue up behind us.
select set_config('lock_timeout', '10s', true);
