-- name: by_ids(ids)
-- people by their ids; an account that was joined to another is that one
select
    asked.id as asked_id, people.id, people.email, people.name, people.pronouns, people.zone, people.clock_hours, people.clock_chosen, people.is_facilitator, people.is_organizer
from people as asked join people on people.id = coalesce(asked.merged_into, asked.id)
where asked.id = any(:ids::uuid[]);

-- name: by_email(email)^
-- the person with an address, also where their account was joined to another
select people.id, people.email, people.name, people.pronouns, people.zone, people.clock_hours, people.clock_chosen, people.is_facilitator, people.is_organizer
from people where people.id = account_of(:email);

-- name: add_or_find_person(email, name, pronouns, zone)^
-- a new person, or the one who has the address already, also where their account was joined to another
with added as (
    insert into people (email, name, pronouns, zone) values (:email, :name, :pronouns, :zone)
    on conflict (email) do update set email = excluded.email
    returning id, email, name, pronouns, zone, clock_hours, clock_chosen, is_facilitator, is_organizer, merged_into, xmax = 0 as is_new
)
select people.id, people.email, people.name, people.pronouns, people.zone, people.clock_hours, people.clock_chosen, people.is_facilitator, people.is_organizer, false as is_new
from added join people on people.id = added.merged_into
union all
select id, email, name, pronouns, zone, clock_hours, clock_chosen, is_facilitator, is_organizer, is_new
from added where merged_into is null;

-- name: end_silence(person_id)!
-- somebody whose account came with a list is mailed by somebody who knows them
delete from untold_people where person_id = :person_id;

-- name: set_browser_clock(id, clock_hours)!
-- set the clock of the browser a person signed in with, unless they chose one
update people set clock_hours = :clock_hours where id = :id and not clock_chosen;

-- name: set_first_zone(id, zone)!
-- set the zone of a person who has none
update people set zone = :zone where id = :id and zone = '';

-- name: profiles(ids)
-- what pages of circles show of facilitators, with their credentials, newest first
select
    people.id, name, pronouns, about, approach, languages,
    people.is_facilitator
    or (
        people.is_organizer
        and exists (select from hosts where hosts.person_id = people.id and hosts.part <> 'helper')
    ) as has_page,
    coalesce((select hash from pictures where pictures.person_id = people.id), '') as picture,
    coalesce(
        (
            select jsonb_agg(
                jsonb_build_object(
                    'id', credentials.id, 'kind', kind, 'body', body, 'year', year, 'link', link,
                    'seen_at', seen_at, 'version', version
                )
                order by year desc nulls last, kind, credentials.id
            )
            from credentials where person_id = people.id
        ),
        '[]'
    ) as credentials
from people where people.id = any(:ids::uuid[]);

-- name: change_profile(id, name, pronouns, zone, clock_hours, about, approach, languages)^
-- a person changes their profile; the texts of facilitators stay as they are for everybody else
update people
set name = :name, pronouns = :pronouns, zone = :zone,
    clock_hours = coalesce(:clock_hours, clock_hours), clock_chosen = :clock_hours::smallint is not null,
    about = case when is_facilitator then :about else about end,
    approach = case when is_facilitator then :approach else approach end,
    languages = case when is_facilitator then :languages else languages end
where id = :id
returning id;

-- name: access_needs(id)$
-- what hosts of a persons gatherings read about their access needs
select access_needs from people where id = :id;

-- name: set_access_needs(id, needs)!
-- set it, or empty it
update people set access_needs = :needs where id = :id;

-- name: reminders(id)^
-- which reminders a person chose
select remind_day, remind_hour, calendar_alarms from people where id = :id;

-- name: choose_reminders(id, remind_day, remind_hour, calendar_alarms)!
-- a person chooses reminders
update people
set remind_day = :remind_day, remind_hour = :remind_hour, calendar_alarms = :calendar_alarms
where id = :id;

-- name: add_credential(person_id, kind, body, year, link, max_credentials)<!
-- add a credential of a facilitator, while they have fewer than the maximum
insert into credentials (person_id, kind, body, year, link)
select id, :kind, :body, :year, :link from people
where id = :person_id and is_facilitator
    and (select count(*) from credentials where person_id = people.id) < :max_credentials
returning id;

-- name: own_credential(id, person_id)^
-- a credential of a person
select id, kind, body, year, link from credentials where id = :id and person_id = :person_id;

-- name: change_credential(id, person_id, kind, body, year, link)^
-- a person changes their credential, which removes the organizers mark
update credentials
set kind = :kind, body = :body, year = :year, link = :link,
    version = version + 1, seen_at = null, seen_by = null
from (select earlier.id, earlier.seen_at from credentials as earlier where earlier.id = :id for update) as before
where credentials.id = before.id and person_id = :person_id
returning credentials.id, before.seen_at is not null as was_seen;

-- name: delete_credential(id, person_id)<!
-- delete a credential of a person
delete from credentials where id = :id and person_id = :person_id returning id;

-- name: credential_owner(id)$
-- whose credential it is
select person_id from credentials where id = :id;

-- name: mark_credential(id, version, actor_id, seen)^
-- an organizer marks the papers of another persons credential as seen, or removes the mark
update credentials
set seen_at = case when :seen::boolean then now() end, seen_by = case when :seen::boolean then :actor_id::uuid end
where id = :id and version = :version and person_id <> :actor_id
    and exists (select from people where people.id = :actor_id and people.is_organizer)
returning id, person_id;

-- name: save_picture(person_id, hash, jpeg)^
-- save the picture of a facilitator, replacing the one before
insert into pictures (person_id, hash, jpeg)
select people.id, :hash, :jpeg from people where people.id = :person_id and people.is_facilitator
on conflict (person_id) do update set hash = excluded.hash, jpeg = excluded.jpeg, created_at = now()
returning person_id;

-- name: delete_picture(person_id)^
-- delete the picture of a person
delete from pictures where person_id = :person_id returning hash;

-- name: picture(hash)$
-- the bytes of a picture
select jpeg from pictures where hash = :hash limit 1;

-- name: own_picture(person_id)$
-- the hash of a picture
select hash from pictures where person_id = :person_id;
