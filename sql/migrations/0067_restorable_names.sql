-- pg_restore fills generated columns with an empty search_path, so what they call must name nothing by the search path.
-- As an expression that is read when the function is made, it refers to the very function `folded`.

create or replace function name_key(name text) returns text language sql immutable strict parallel safe
return trim(regexp_replace(
    regexp_replace(folded(name), '[''`´‘’‛′.\u02b0-\u02ff]', '', 'g'),
    '[\u0001-/:-@\[-`{-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'
));
