-- The ORGANIZER of an invite, which calendar programs compare before they take an update: the mailbox that sent it first, also
-- when the site sends from another one by now. Null: not known; the next mail stores the one it is sent from.
alter table invites add column organizer text;

-- The mails that are still stored say it.
update invites set organizer = mailed.organizer
from (
    select distinct on (bookings.gathering_id, bookings.person_id)
        bookings.gathering_id, bookings.person_id,
        substring(
            replace(replace(mails.calendar, E'\r\n ', ''), E'\n ', '') from 'ORGANIZER[^\r\n]*:mailto:([^\r\n]+)'
        ) as organizer
    from mails join bookings on bookings.id = mails.about
    where mails.calendar is not null and mails.calendar_method = 'REQUEST'
    order by bookings.gathering_id, bookings.person_id, mails.created_at desc
) as mailed
where mailed.gathering_id = invites.gathering_id and mailed.person_id = invites.person_id
    and mailed.organizer is not null;
