-- Whoever is suspended gets no seat ahead. That they were at a gathering of the past is true all the same, and a list of past
-- attendance may say so. An account that was joined to another gets none at all.
create or replace function keep_suspended_out() returns trigger language plpgsql as $$
begin
    perform from people
    where people.id = new.person_id and people.merged_into is null and (
        people.suspended_at is null
        or exists (select from gatherings where gatherings.id = new.gathering_id and gatherings.ends_at <= now())
    )
    for share of people;
    if not found then
        return null;
    end if;
    return new;
end
$$;
