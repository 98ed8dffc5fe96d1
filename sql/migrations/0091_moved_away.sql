-- Who moved away from a gathering, for its hosts: moves are few among all events.
-- squawk-ignore require-concurrent-index-creation
create index events_moved_from on events ((details ->> 'from')) where what = 'booking.moved';
