-- A spreadsheet that takes the semicolon for the separator splits a cell of a file with commas once more, and the other
-- way round: `Ana;=1+1;Lee` is three cells then, one of them a formula. So the sign gets its apostrophe after every
-- separator, too, quotation marks between them or not (OWASP: CSV injection).
create or replace function harmless(cell text) returns text language sql immutable parallel safe as $$
    select case when cell ~ '^["\s]*[-=+@\t\r\uFF1D\uFF0B\uFF0D\uFF20]' then '''' else '' end
        || regexp_replace(cell, '([;,|\t\r\n])(["\s]*[-=+@\uFF1D\uFF0B\uFF0D\uFF20])', '\1''\2', 'g')
$$;
