-- Look-ups of waits by the gathering that is deleted, and by the booking whose payment could not begin.

-- squawk-ignore require-concurrent-index-creation
create index waits_gathering on waits (gathering_id);
-- squawk-ignore require-concurrent-index-creation
create index waits_booking on waits (booking_id) where booking_id is not null;
