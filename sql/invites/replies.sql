-- name: position(name)^
-- how far a mailbox was read
select validity, last_uid from reply_mailboxes where name = :name;

-- name: note_position(name, validity, last_uid)!
-- a mailbox was read up to a mail
insert into reply_mailboxes as mailboxes (name, validity, last_uid) values (:name, :validity, :last_uid)
on conflict (name) do update set validity = excluded.validity, last_uid = excluded.last_uid, read_at = now();

-- name: answer(uid, address, answer, sequence, answered_at)^
-- note what the person of an invite answered, when it is newer than what was noted, with their seat if it is confirmed and
-- ahead. No row otherwise. The time of the answer is of a foreign clock, and counts as now when it is ahead
insert into invite_replies as replies (invite_id, answer, sequence, answered_at)
select invites.id, :answer, :sequence, least(:answered_at::timestamptz, now())
from invites join people on people.id = invites.person_id
where invites.uid = :uid and lower(people.email) = :address
on conflict (invite_id) do update
set answer = excluded.answer, sequence = excluded.sequence, answered_at = excluded.answered_at, received_at = now()
where replies.answered_at < excluded.answered_at
returning
    replies.invite_id, replies.mails,
    (select person_id from invites where invites.id = replies.invite_id) as person_id,
    (
        select bookings.id from invites
        join bookings on bookings.gathering_id = invites.gathering_id and bookings.person_id = invites.person_id
        join gatherings on gatherings.id = bookings.gathering_id
        where invites.id = replies.invite_id and bookings.state = 'confirmed' and gatherings.state = 'open'
            and gatherings.starts_at > now()
    ) as booking_id;

-- name: declined_seat(invite_id)^
-- the seat that the person of an invite answered No to, for its mail
select
    bookings.id as booking_id, people.id as person_id, people.email, people.name as person_name,
    circles.discreet_name, gatherings.starts_at, gatherings.zone
from invites
join people on people.id = invites.person_id
join bookings on bookings.gathering_id = invites.gathering_id and bookings.person_id = invites.person_id
    and bookings.state = 'confirmed'
join gatherings on gatherings.id = invites.gathering_id
join circles on circles.id = gatherings.circle_id
where invites.id = :invite_id;

-- name: count_mail(invite_id)!
-- a mail with a button that gives the seat back is on its way
update invite_replies set mails = mails + 1 where invite_id = :invite_id;
