-- As in 0182_merging.sql, and besides: circles that both act for as organizers, and invitations to host at the address that goes.
create or replace function merge_people(kept uuid, gone uuid) returns void language plpgsql as $$
declare
    -- handled here, or never changed, or kept by a trigger of the bookings
    own constant text [] := array[
        'people.merged_into', 'merges.kept_id', 'merges.gone_id', 'register_marks.made_by', 'cash_rows.noted_by',
        'community_versions.published_by', 'register_facts.person_id', 'bookings.person_id', 'acceptances.person_id',
        'invites.person_id', 'known_browsers.person_id', 'kept_forms.person_id', 'apart.first_id', 'apart.second_id'
    ];
    one record;
begin
    -- roles first, since triggers ask for them who hosts what
    update people set
        is_facilitator = people.is_facilitator or other.is_facilitator,
        is_organizer = people.is_organizer or other.is_organizer,
        about = coalesce(nullif(people.about, ''), other.about),
        approach = coalesce(nullif(people.approach, ''), other.approach),
        languages = coalesce(nullif(people.languages, ''), other.languages),
        access_needs = coalesce(nullif(people.access_needs, ''), other.access_needs),
        pronouns = coalesce(nullif(people.pronouns, ''), other.pronouns),
        zone = coalesce(nullif(people.zone, ''), other.zone),
        created_at = least(people.created_at, other.created_at)
    from people as other
    where people.id = kept and other.id = gone;

    -- an agreement of both to the same version stays where it is, and seats name that of the kept account
    update bookings set acceptance_id = mine.id
    from acceptances as theirs join acceptances as mine on mine.version_id = theirs.version_id and mine.person_id = kept
    where theirs.person_id = gone and bookings.acceptance_id = theirs.id;
    update waits set acceptance_id = mine.id
    from acceptances as theirs join acceptances as mine on mine.version_id = theirs.version_id and mine.person_id = kept
    where theirs.person_id = gone and waits.acceptance_id = theirs.id;
    update acceptances set person_id = kept
    where person_id = gone and not exists (
        select from acceptances as mine where mine.person_id = kept and mine.version_id = acceptances.version_id
    );

    -- seats: of two at one gathering that both count, which is one of the past, the second stays with the pointer
    update bookings set person_id = kept
    where person_id = gone and not (
        state in ('held', 'confirmed') and exists (
            select from bookings as mine
            where mine.person_id = kept and mine.gathering_id = bookings.gathering_id and mine.state in ('held', 'confirmed')
        )
    );
    update bookings set acceptance_id = theirs.id
    from acceptances as mine join acceptances as theirs on theirs.version_id = mine.version_id and theirs.person_id = gone
    where bookings.person_id = gone and mine.person_id = kept and bookings.acceptance_id = mine.id;

    -- calendar entries: where both have one of a gathering, that of the seat that counts keeps its UID
    for one in
        select mine.id as my_id, theirs.id as their_id, mine.uid as my_uid, theirs.uid as their_uid, mine.sequence, mine.changed_at,
            mine.told, mine.last_line, mine.organizer
        from invites as theirs join invites as mine on mine.gathering_id = theirs.gathering_id and mine.person_id = kept
        where theirs.person_id = gone and exists (
            select from sendings join bookings on bookings.id = sendings.booking_id
            where sendings.invite_id = theirs.id and bookings.person_id = kept and bookings.state = 'confirmed'
        )
    loop
        update invites set uid = one.my_uid || '~' where id = one.my_id;
        update invites set uid = one.their_uid || '~' where id = one.their_id;
        update invites set
            uid = one.their_uid, sequence = theirs.sequence, changed_at = theirs.changed_at, told = theirs.told,
            last_line = theirs.last_line, organizer = theirs.organizer
        from invites as theirs where theirs.id = one.their_id and invites.id = one.my_id;
        update invites set
            uid = one.my_uid, sequence = one.sequence, changed_at = one.changed_at, told = one.told,
            last_line = one.last_line, organizer = one.organizer
        where id = one.their_id;
        -- sequences are unique within an entry, so those of one go aside first
        update sendings set sequence = sendings.sequence + 1000000 where invite_id = one.my_id;
        update sendings set invite_id = one.my_id where invite_id = one.their_id;
        update sendings set invite_id = one.their_id, sequence = sendings.sequence - 1000000
        where invite_id = one.my_id and sequence >= 1000000;
        delete from invite_replies where invite_id = one.my_id;
        update invite_replies set invite_id = one.my_id where invite_id = one.their_id;
    end loop;
    update invites set person_id = kept
    where person_id = gone and not exists (
        select from invites as mine where mine.person_id = kept and mine.gathering_id = invites.gathering_id
    );

    -- places in line: the earlier one stays, and none beside a seat
    update waits set state = 'left', end_cause = 'merged', ended_at = clock_timestamp(), moved_at = clock_timestamp()
    where state in ('waiting', 'offered') and person_id in (kept, gone) and (
        exists (
            select from bookings
            where bookings.gathering_id = waits.gathering_id and bookings.person_id = kept
                and bookings.state in ('held', 'confirmed')
        )
        or exists (
            select from waits as other
            where other.gathering_id = waits.gathering_id and other.person_id in (kept, gone) and other.id <> waits.id
                and other.state in ('waiting', 'offered') and (other.joined_at, other.id) < (waits.joined_at, waits.id)
        )
    );

    -- hosting: entries keep their UIDs, and the stronger part of two in a circle stays
    delete from host_entries where person_id = gone and exists (
        select from host_entries as mine where mine.person_id = kept and mine.gathering_id = host_entries.gathering_id
    );
    update host_entries set person_id = kept where person_id = gone;
    delete from hosted_gatherings where person_id = gone and exists (
        select from hosted_gatherings as mine
        where mine.person_id = kept and mine.gathering_id = hosted_gatherings.gathering_id
    );
    update hosted_gatherings set person_id = kept where person_id = gone;
    for one in
        select mine.circle_id, theirs.part from hosts as theirs
        join hosts as mine on mine.circle_id = theirs.circle_id and mine.person_id = kept
        where theirs.person_id = gone
    loop
        delete from hosts where circle_id = one.circle_id and person_id = gone;
        update hosts set part = one.part
        where circle_id = one.circle_id and person_id = kept
            and array_position(array['lead', 'co', 'helper'], one.part) < array_position(array['lead', 'co', 'helper'], part);
    end loop;

    -- acting for a circle as an organizer: what one of both does is enough
    delete from acting_organizers where person_id = gone and exists (
        select from acting_organizers as mine where mine.person_id = kept and mine.circle_id = acting_organizers.circle_id
    );

    -- invitations to host that wait at the other address are answered by the account that is kept
    update host_invitations set state = 'withdrawn', ended_at = now()
    from people as other
    where other.id = gone and host_invitations.email = other.email and host_invitations.state = 'open' and exists (
        select from host_invitations as mine join people on people.email = mine.email
        where people.id = kept and mine.state = 'open' and mine.circle_id = host_invitations.circle_id
            and mine.gathering_id is not distinct from host_invitations.gathering_id
    );
    update host_invitations set email = mine.email
    from people as other cross join people as mine
    where other.id = gone and mine.id = kept and host_invitations.email = other.email and host_invitations.state = 'open';

    -- pairs that are kept apart
    insert into apart (circle_id, first_id, second_id, set_by, created_at)
    select
        apart.circle_id, least(kept, others.id), greatest(kept, others.id), apart.set_by, apart.created_at
    from apart
    cross join lateral (select case when apart.first_id = gone then apart.second_id else apart.first_id end as id) as others
    where gone in (apart.first_id, apart.second_id) and others.id <> kept
    on conflict do nothing;
    delete from apart where gone in (first_id, second_id);

    -- feeds: the addresses of both work
    update feeds set
        former_hashes = feeds.former_hashes || theirs.token_hash || theirs.former_hashes,
        hosting_hashes = feeds.hosting_hashes || theirs.hosting_hashes
    from feeds as theirs where feeds.person_id = kept and theirs.person_id = gone;
    delete from feeds where person_id = gone and exists (select from feeds as mine where mine.person_id = kept);

    -- what one of both is enough of
    delete from guidelines_asked where person_id = gone and exists (
        select from guidelines_asked as mine where mine.person_id = kept and mine.version_id = guidelines_asked.version_id
    );
    delete from message_people where person_id = gone and exists (
        select from message_people as mine where mine.person_id = kept and mine.message_id = message_people.message_id
    );
    delete from pictures where person_id = gone and exists (select from pictures as mine where mine.person_id = kept);
    delete from short_lists where person_id = gone and exists (
        select from short_lists as mine where mine.person_id = kept and mine.listing_id = short_lists.listing_id
    );
    delete from untold_people where person_id = gone and exists (select from untold_people as mine where mine.person_id = kept);
    delete from known_browsers where person_id = gone;
    delete from kept_forms where person_id = gone;
    update role_requests set state = 'declined', decided_at = now()
    where person_id = gone and state = 'open' and exists (
        select from role_requests as mine where mine.person_id = kept and mine.state = 'open'
    );
    update requests set state = 'withdrawn', decided_at = now(), moved_at = now()
    where person_id = gone and state in ('waiting', 'asked', 'approved') and exists (
        select from requests as mine
        where mine.person_id = kept and mine.state in ('waiting', 'asked', 'approved')
            and mine.circle_id = requests.circle_id and (mine.kind = 'seat') = (requests.kind = 'seat')
            and (mine.kind <> 'seat' or mine.gathering_id = requests.gathering_id)
    );
    update walk_ins set person_id = null where person_id = gone and removed_at is null and exists (
        select from walk_ins as mine
        where mine.person_id = kept and mine.gathering_id = walk_ins.gathering_id and mine.removed_at is null
    );
    update mails set person_id = kept where person_id = gone;

    -- everything else that refers to the account
    for one in
        select pg_constraint.conrelid::regclass as in_table, pg_attribute.attname as in_column
        from pg_constraint
        join pg_attribute on pg_attribute.attrelid = pg_constraint.conrelid and pg_attribute.attnum = pg_constraint.conkey [1]
        where pg_constraint.contype = 'f' and pg_constraint.confrelid = 'people'::regclass
            and pg_constraint.conrelid::regclass::text || '.' || pg_attribute.attname <> all(own)
        order by 1, 2
    loop
        execute format('update %s set %I = $1 where %I = $2', one.in_table, one.in_column, one.in_column) using kept, gone;
    end loop;

    update people set merged_into = kept where merged_into = gone;
    update people set
        merged_into = kept, is_facilitator = false, is_organizer = false, remind_day = false, remind_hour = false,
        calendar_alarms = false, hosting_mail = false, about = '', approach = '', languages = '', access_needs = '',
        name = (select mine.name from people as mine where mine.id = kept)
    where id = gone;
end
$$;
