-- The number of a booking, a payment or a pass: the first 48 bits of its id, which are random, as ten of Crockford's digits. Ids are found
-- by the range that a number names, which the primary key answers; see circles/base/reading.py.
create function number_of(id uuid) returns text language sql immutable strict parallel safe as $$
select substr(digits, 1, 5) || '-' || substr(digits, 6)
from (
    select
        string_agg(
            substr(
                '0123456789ABCDEFGHJKMNPQRSTVWXYZ',
                (('x' || left(replace(id::text, '-', ''), 12) || '00')::bit(56)::bigint >> (51 - 5 * place) & 31)::integer + 1, 1
            ), '' order by place
        ) as digits
    from generate_series(0, 9) as places (place)
) as number
$$;
