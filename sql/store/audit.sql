-- name: record(what, about, who, before, after, why, details)!
-- one append-only event row
insert into events (what, about, who, before, after, why, details)
values (:what, :about, :who, :before, :after, :why, :details);

-- name: seal(most, patience)$
-- link the events that are not linked yet, at most so many; returns how many they were
select seal_events(:most, :patience);

-- name: broken(after, most)
-- the links after a position that are broken, the first event first
select place, event_id, problem from broken_events(:after, :most);

-- name: chain()^
-- how long the chain is, how far it was verified, and its last hash
select length, verified, encode(head, 'hex') as head from event_chain;

-- name: hash_at(position)$
-- the hash of the link at a position, in hex
select encode(hash, 'hex') from event_links where position = :position;

-- name: note_verified(length)!
-- the chain is whole up to this position
update event_chain set verified = least(:length, event_chain.length);

-- name: erase_reasons(person, kinds)$
-- empty what people wrote as reasons about somebody; returns in how many events
select erase_event_reasons(:person, :kinds::text []);
