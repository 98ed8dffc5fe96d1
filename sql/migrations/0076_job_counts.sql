-- What workers did, by kind of job, for metrics: attempts that ended, those that raised, and the seconds they all took. A worker
-- has no address of its own to ask.
create table job_counts (
    kind text primary key,
    runs bigint not null default 0,
    failures bigint not null default 0,
    seconds double precision not null default 0
) with (fillfactor = 50);
