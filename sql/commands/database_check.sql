-- name: server_facts()^
-- what must be known of a server before the site starts on it
select
    current_setting('server_version_num')::int as version,
    current_setting('server_version') as version_text,
    current_setting('transaction_read_only') = 'on' as is_read_only,
    pg_is_in_recovery() as is_replica,
    clock_timestamp() as now,
    pg_backend_pid() as process;

-- name: server_process()$
-- the process of the server that carries out this very statement
select pg_backend_pid();

-- name: tables_without_rights()
-- the tables of the site that this role may not read and write, and the sequences of their ids that it may not use
select pg_class.relname as name
from pg_class
where pg_class.relnamespace = current_schema()::regnamespace
    and case pg_class.relkind
        when 'S' then
            -- an identity column's own asks for no right
            not has_sequence_privilege(pg_class.oid, 'usage')
            and exists (select from pg_depend where pg_depend.objid = pg_class.oid and pg_depend.deptype = 'a')
        else
            pg_class.relkind in ('r', 'p') and not (
                has_table_privilege(pg_class.oid, 'select') and has_table_privilege(pg_class.oid, 'insert')
                and has_table_privilege(pg_class.oid, 'update') and has_table_privilege(pg_class.oid, 'delete')
            )
    end
order by pg_class.relname;

-- name: may_create()$
-- whether this role may create tables
select coalesce(has_schema_privilege(current_schema(), 'create'), false);
