-- A booking locks its gathering, its person, the acceptance, in this order: who joins accounts holds the people before their rows change.
-- Without this the booking held the acceptance while it waited for its person, and both waited for each other.
create function lock_person_of_acceptance() returns trigger language plpgsql as $$
begin
    perform from people where people.id = new.person_id for share;
    return new;
end
$$;
create trigger acceptances_lock_their_person before insert on acceptances
for each row execute function lock_person_of_acceptance();
