-- name: is_new()$
-- whether nobody is here yet
select not exists (select from people);

-- name: keep_others_out()!
-- two who plant at once take turns, and the second finds somebody here
lock table people in share row exclusive mode;

-- name: tell_facts()!
-- every invite told what its booking knows
update invites set told = bookings.known
from bookings
where bookings.gathering_id = invites.gathering_id and bookings.person_id = invites.person_id
    and bookings.state = 'confirmed';
