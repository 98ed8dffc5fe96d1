-- name: add(kind, person_id, to_address, to_name, subject, text_body, html_body, calendar, more_calendars, calendar_method, reply_to, useful_until, about, unsubscribe_url, domain)<!
-- add an outgoing mail; its Message-ID is the same in every attempt. One about a seat that its person is not to be told of yet,
-- or of these kinds (to whoever has a seat, belongs to a circle or is suspended) to somebody who was not told of their account, is
-- never sent: who writes to such people asks for it before, and this is the net below
insert into mails (
    kind, person_id, to_address, to_name, subject, text_body, html_body, calendar, more_calendars, calendar_method,
    reply_to, useful_until, about, unsubscribe_url, message_id, state
)
values (
    :kind, :person_id, :to_address, :to_name, :subject, :text_body, :html_body, :calendar,
    :more_calendars::text [], :calendar_method, :reply_to, :useful_until, :about, :unsubscribe_url,
    '<' || gen_random_uuid() || '@' || :domain || '>',
    case
        when is_untold_seat(:about) then 'expired'
        when :kind in (
            'agree_again', 'changed', 'invite', 'invites', 'message', 'moved', 'reminder', 'suspended', 'suspension_lifted',
            'waiting_list', 'withdrawn'
        ) and exists (select from untold_people where untold_people.person_id = :person_id) then 'expired'
        else 'waiting'
    end
)
returning id;

-- name: add_copy(id, address, domain)^
-- the same mail once more, to an address
insert into mails (
    kind, person_id, to_address, to_name, subject, text_body, html_body, calendar, more_calendars, calendar_method, reply_to,
    useful_until, about, unsubscribe_url, message_id
)
select
    kind, person_id, :address, to_name, subject, text_body, html_body, calendar, more_calendars, calendar_method, reply_to,
    useful_until, about, unsubscribe_url, '<' || gen_random_uuid() || '@' || :domain || '>'
from mails where id = :id
returning id, kind;

-- name: claim(id, hold, keeps_trying)^
-- claim a waiting mail for a while against a second worker; no row when it was sent or is claimed.
-- is_late: it is of no use any more, such as a reminder of a gathering that moved
update mails set claimed_until = now() + :hold
where id = :id and state = 'waiting' and (claimed_until is null or claimed_until < now())
returning
    *, now() >= least(useful_until, created_at + :keeps_trying::interval)
    or (kind = 'reminder' and not reminder_mail_holds(id)) as is_late;

-- name: claimed_for(id)$
-- for how long the claim of a waiting mail lasts, a second at least; null when the mail is not waiting
select greatest(coalesce(claimed_until, now()) - now(), interval '0 seconds') + interval '1 second' from mails
where id = :id and state = 'waiting';

-- name: renew_claim(id, hold)!
-- a claim lasts longer
update mails set claimed_until = now() + :hold where id = :id and state = 'waiting' and claimed_until is not null;

-- name: release_claim(id)!
-- release the claim after an attempt that failed
update mails set claimed_until = null where id = :id and state = 'waiting';

-- name: mark_sent(id)!
-- the mail was sent, so its address takes mail
with sent as (
    update mails set state = 'sent', sent_at = now(), claimed_until = null
    where id = :id and state = 'waiting'
    returning to_address
)

delete from unreached_addresses using sent where address = lower(sent.to_address);

-- name: mark_undelivered(id, state)!
-- the mail was refused, or was not sent in time
update mails set state = :state, claimed_until = null where id = :id and state = 'waiting';

-- name: note_unreached(address, because)!
-- mail does not reach an address; since when stays
insert into unreached_addresses (address, because) values (lower(:address), :because)
on conflict (address) do update set because = excluded.because;

-- name: without_job(jobs)
-- waiting mails whose job is gone
select id, kind from mails
where state = 'waiting' and created_at < now() - interval '5 minutes'
    and not exists (
        select from pgqueuer
        where pgqueuer.entrypoint = any(:jobs::text[]) and pgqueuer.status in ('queued', 'picked')
            and pgqueuer.payload = convert_to(jsonb_build_object('mail_id', mails.id)::text, 'UTF8')
    )
order by created_at limit 500;

-- name: forget_unreached()!
-- addresses that nobody has any more
delete from unreached_addresses
where since < now() - interval '1 day'
    and not exists (select from people where people.email = address)
    and not exists (select from listings where listings.email = address)
    and not exists (select from host_invitations where host_invitations.email = address and state = 'open');

-- name: delete_old()!
-- mails a month old, in any state, and sign-in mails a day old
delete from mails
where created_at < now() - interval '30 days' or (kind = 'sign_in' and created_at < now() - interval '1 day');

-- name: recent(limit)
-- the newest mails, for the practice mailbox
select id, kind, to_address, to_name, subject, calendar_method, state, created_at
from mails order by created_at desc, id limit :limit;

-- name: one(id)^
-- one mail
select * from mails where id = :id;

-- name: viewer(person_id)^
-- the zone and the clock of a person who gets a mail
select zone, clock_hours from people where id = :person_id;
