-- name: is_new()$
-- whether nobody is here yet
select not exists (select from people);

-- name: keep_others_out()!
-- two who plant at once take turns, and the second finds somebody here
lock table people in share row exclusive mode;
