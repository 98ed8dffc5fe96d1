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
    applied_at timestamptz not null default clock_timestamp(),
    incompatible boolean not null default false
);

-- name: has_table()$
-- whether this database was ever migrated
select to_regclass('circles_migrations') is not null;

-- name: has_incompatible()$
-- whether the table has its last column, which older runners did not make
select exists (
    select from pg_attribute
    where attrelid = 'circles_migrations'::regclass and attname = 'incompatible' and not attisdropped
);

-- name: add_incompatible()!
-- the last column
alter table circles_migrations add column incompatible boolean not null default false;

-- name: has_record(name)$
-- whether this is applied
select exists (select from circles_migrations where name = :name);

-- name: applied()
-- the applied migrations, in order; through JSON, because an older runner made the table without its last column
select name, sha256, coalesce((to_jsonb(circles_migrations) ->> 'incompatible')::boolean, false) as incompatible
from circles_migrations
order by name;

-- name: record(name, sha256, incompatible)!
-- record an applied migration
insert into circles_migrations (name, sha256, incompatible) values (:name, :sha256, :incompatible);

-- name: limit_lock_wait()$
-- in this transaction, stop waiting for a lock after ten seconds, so that the site does not wait behind a migration
select set_config('lock_timeout', '10s', true);
