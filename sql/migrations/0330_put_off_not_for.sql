-- Whom a need that is put off is about: they do not read that it is, as they do not read it in the list. It is in the list again once
-- that person is gone.
alter table needs_put_off add column not_for uuid;
alter table needs_put_off
add constraint needs_put_off_not_for_fkey foreign key (not_for) references people (id) on delete cascade not valid;
alter table needs_put_off validate constraint needs_put_off_not_for_fkey;
-- squawk-ignore require-concurrent-index-creation
create index needs_put_off_not_for on needs_put_off (not_for) where not_for is not null;
