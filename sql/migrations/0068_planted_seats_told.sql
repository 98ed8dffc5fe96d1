-- The demo community of before had canceled seats without the mails that tell of them, and today's checks and `jobs.mend`
-- take those for lost. A seat that ended before this database was made was planted or brought in: nobody waits for a mail
-- about it. Real ones end later, and stay in the view.

with planted as (
    select bookings.id, bookings.gathering_id, bookings.person_id, bookings.ended_at
    from awaited_jobs
    join bookings on bookings.id::text = awaited_jobs.key
    where awaited_jobs.name = 'invites.withdraw'
        and bookings.ended_at < (select min(circles_migrations.applied_at) from circles_migrations)
), added as (
    insert into invites (gathering_id, person_id, uid, changed_at)
    select
        planted.gathering_id, planted.person_id, gen_random_uuid() || '@planted.invalid', max(planted.ended_at)
    from planted
    group by planted.gathering_id, planted.person_id
    on conflict (gathering_id, person_id) do nothing
    returning id, gathering_id, person_id
), present as (
    select added.id, added.gathering_id, added.person_id from added
    union all
    select invites.id, invites.gathering_id, invites.person_id from invites
)
insert into sendings (invite_id, booking_id, method, facts, sent_at)
select present.id, planted.id, 'CANCEL', '', planted.ended_at
from planted
join present on present.gathering_id = planted.gathering_id and present.person_id = planted.person_id;
