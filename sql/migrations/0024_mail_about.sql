-- The message that a mail carries, so that its page can say whom it did not reach.
alter table mails add column about uuid;
-- squawk-ignore require-concurrent-index-creation
create index mails_about on mails (about) where about is not null;

-- The names of those whom the mails about something did not reach, and of those whose mail has not left after a quarter
-- of an hour.
create function undelivered(about_id uuid) returns table (failed text [], waits text [])
language sql stable parallel safe as $$
    select
        coalesce(array_agg(people.name order by people.name) filter (where mails.state <> 'waiting'), '{}'),
        coalesce(array_agg(people.name order by people.name) filter (where mails.state = 'waiting'), '{}')
    from mails join people on people.id = mails.person_id
    where mails.about = about_id
        and (
            mails.state in ('refused', 'expired')
            or (mails.state = 'waiting' and mails.created_at < now() - interval '15 minutes')
        )
$$;
