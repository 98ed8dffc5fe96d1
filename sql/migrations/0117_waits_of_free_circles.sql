-- A circle that asks nothing has one line: who waited there for a community seat waits for any seat.

create function join_lines() returns trigger language plpgsql as $$
begin
    update waits set line = 'amount'
    from gatherings
    where gatherings.circle_id = new.id and waits.gathering_id = gatherings.id
        and waits.state = 'waiting' and waits.line = 'community';
    return null;
end
$$;
create trigger circles_join_lines after update of maximum on circles
for each row when (old.maximum > 0 and new.maximum = 0) execute function join_lines();

-- An offer keeps its line, by which its seat was counted, until it ends.
create function wait_in_one_line() returns trigger language plpgsql as $$
begin
    if exists (
        select from gatherings join circles on circles.id = gatherings.circle_id
        where gatherings.id = new.gathering_id and circles.maximum = 0
    ) then
        new.line := 'amount';
    end if;
    return new;
end
$$;
create trigger waits_in_one_line before update of state on waits
for each row when (new.state = 'waiting' and new.line = 'community') execute function wait_in_one_line();

update waits set line = 'amount'
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.id = waits.gathering_id and circles.maximum = 0 and waits.state = 'waiting' and waits.line = 'community';
