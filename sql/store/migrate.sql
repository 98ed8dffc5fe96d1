-- name: try_lock(key)$
-- take the lock of the migration runner if it is free
select pg_try_advisory_lock(:key::bigint);

-- name: unlock(key)$
-- release the lock
select pg_advisory_unlock(:key::bigint);

-- name: create_table()!
-- the table of applied migrations
create table if not exists circles_migrations (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
);

-- name: applied()
-- the applied migrations, in order
select name, sha256 from circles_migrations order by name;

-- name: record(name, sha256)!
-- record an applied migration
insert into circles_migrations (name, sha256) values (:name, :sha256);

-- name: limit_lock_wait()$
-- in this transaction, stop waiting for a lock after ten seconds, so that the site does not wait behind a migration
select set_config('lock_timeout', '10s', true);
