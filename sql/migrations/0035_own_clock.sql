-- A calendar entry says its time on the clock of its reader, in words. When they choose another zone or another clock, the
-- entries of what is ahead say something else: the time of their last change rises. SEQUENCE does not, for nobody is told of
-- what they chose themselves (RFC 5545, 3.8.7.4: it counts the organizer's revisions).
create function own_clock_changes() returns trigger language plpgsql as $$
begin
    with changing as (
        select invites.id from invites join gatherings on gatherings.id = invites.gathering_id
        where invites.person_id = new.id and gatherings.ends_at > now()
        order by invites.gathering_id
        for no key update of invites
    )
    update invites
    set changed_at = greatest(now(), date_trunc('second', invites.changed_at) + interval '1 second')
    from changing where invites.id = changing.id;
    return null;
end
$$;
create trigger people_own_clock after update of zone, clock_hours on people
for each row when ((old.zone, old.clock_hours) is distinct from (new.zone, new.clock_hours))
execute function own_clock_changes();
