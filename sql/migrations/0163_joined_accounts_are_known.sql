-- Two accounts are joined after both addresses agreed: whoever has them knows the site.
create function joined_is_known() returns trigger language plpgsql as $$
begin
    delete from untold_people where person_id = old.person_id;
    return null;
end
$$;
create trigger untold_people_joined before update of person_id on untold_people
for each row execute function joined_is_known();
