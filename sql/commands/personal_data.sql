-- name: lock_organizers()!
-- every organizer, locked, so that an erasure and a change of roles cannot leave none
select id from people where is_organizer order by id for update;

-- name: find(email)$
-- the id of the person with an address, locked
select id from people where id = account_of(:email) for update;

-- name: everything_of(person)^
-- every row about one person, a column of JSON rows for each table
with mine as (select * from bookings where person_id = :person),

own_passes as (select * from passes where person_id = :person),

listed as (select * from listings where person_id = :person)

select
    (select jsonb_agg(to_jsonb(people)) from people where id = :person) as people,
    (
        select jsonb_agg(to_jsonb(facilitator_invitations)) from facilitator_invitations
        where answered_by = :person or email = (select people.email from people where people.id = :person)
    ) as facilitator_invitations,
    (select jsonb_agg(to_jsonb(merges)) from merges where :person in (kept_id, gone_id)) as merges,
    (select jsonb_agg(to_jsonb(suspensions)) from suspensions where person_id = :person) as suspensions,
    (select jsonb_agg(to_jsonb(credentials)) from credentials where person_id = :person) as credentials,
    (select jsonb_agg(to_jsonb(sign_in_requests)) from sign_in_requests where person_id = :person)
        as sign_in_requests,
    (select jsonb_agg(to_jsonb(sign_ins)) from sign_ins where person_id = :person) as sign_ins,
    (select jsonb_agg(to_jsonb(known_browsers)) from known_browsers where person_id = :person) as known_browsers,
    (select jsonb_agg(to_jsonb(kept_forms)) from kept_forms where person_id = :person) as kept_forms,
    (select jsonb_agg(to_jsonb(mails)) from mails where person_id = :person) as mails,
    (
        select jsonb_agg(to_jsonb(unreached_addresses)) from unreached_addresses
        where address = (select people.email from people where id = :person)
            or address in (select email from listed)
    ) as unreached_addresses,
    (
        -- what organizers wrote about a suspension, and why they accepted a dispute, is for them, unless it was in the mail to the person
        select jsonb_agg(
            case when (events.what ^@ 'person.suspen' or events.what ^@ 'person.merge_' or events.what = 'dispute.accepted')
                    and events.who is distinct from :person
                then to_jsonb(events) || jsonb_build_object('why', '') else to_jsonb(events) end
        )
        from events
        where who = :person or about = :person or about in (select id from mine)
            or about in (select id from listed)
            or about in (select id from own_passes)
            or about in (select id from introductions where person_id = :person)
    ) as events,
    (select jsonb_agg(to_jsonb(acceptances)) from acceptances where person_id = :person) as acceptances,
    (select jsonb_agg(to_jsonb(guidelines_asked)) from guidelines_asked where person_id = :person)
        as guidelines_asked,
    (select jsonb_agg(to_jsonb(hosts)) from hosts where person_id = :person) as hosts,
    (
        select jsonb_agg(to_jsonb(host_invitations)) from host_invitations
        where answered_by = :person or email = (select people.email from people where id = :person)
    ) as host_invitations,
    (select jsonb_agg(to_jsonb(role_requests)) from role_requests where person_id = :person) as role_requests,
    (select jsonb_agg(to_jsonb(community_versions)) from community_versions where published_by = :person)
        as community_versions,
    (select jsonb_agg(to_jsonb(community_logos)) from community_logos where sent_by = :person) as community_logos,
    (select jsonb_agg(to_jsonb(stand_ins)) from stand_ins where person_id = :person) as stand_ins,
    (select jsonb_agg(to_jsonb(acting_organizers)) from acting_organizers where person_id = :person) as acting_organizers,
    (select jsonb_agg(to_jsonb(needs_put_off)) from needs_put_off where put_off_by = :person) as needs_put_off,
    (select jsonb_agg(to_jsonb(pictures)) from pictures where person_id = :person) as pictures,
    (select jsonb_agg(to_jsonb(mine)) from mine) as bookings,
    (
        select jsonb_agg(to_jsonb(checkouts)) from checkouts
        where id in (
            select checkout_id from checkout_lines
            where booking_id in (select id from mine) or pass_id in (select id from own_passes)
        )
    ) as checkouts,
    (
        select jsonb_agg(to_jsonb(checkout_lines)) from checkout_lines
        where booking_id in (select id from mine) or pass_id in (select id from own_passes)
    ) as checkout_lines,
    (
        select jsonb_agg(to_jsonb(operations)) from operations
        where booking_id in (select id from mine) or pass_id in (select id from own_passes)
    ) as operations,
    (
        select jsonb_agg(to_jsonb(disputes)) from disputes
        where booking_id in (select id from mine) or pass_id in (select id from own_passes)
    ) as disputes,
    (
        select jsonb_agg(to_jsonb(money_rows)) from money_rows
        where booking_id in (select id from mine) or pass_id in (select id from own_passes)
    ) as money_rows,
    (
        select jsonb_agg(to_jsonb(refunds_by_hand)) from refunds_by_hand
        where checkout_id in (
            select checkout_id from checkout_lines
            where booking_id in (select id from mine) or pass_id in (select id from own_passes)
        )
    ) as refunds_by_hand,
    (
        select jsonb_agg(to_jsonb(payment_notes)) from payment_notes
        where checkout_id in (
            select checkout_id from checkout_lines
            where booking_id in (select id from mine) or pass_id in (select id from own_passes)
        )
    ) as payment_notes,
    (
        select jsonb_agg(to_jsonb(payment_facts)) from payment_facts
        where checkout_id in (
            select checkout_id from checkout_lines
            where booking_id in (select id from mine) or pass_id in (select id from own_passes)
        )
    ) as payment_facts,
    (select jsonb_agg(to_jsonb(own_passes)) from own_passes) as passes,
    (select jsonb_agg(to_jsonb(pass_uses)) from pass_uses where pass_id in (select id from own_passes)) as pass_uses,
    (select jsonb_agg(to_jsonb(pass_offers)) from pass_offers where published_by = :person) as pass_offers,
    (
        select jsonb_agg(to_jsonb(balance_transactions)) from balance_transactions
        where checkout_id in (
            select checkout_id from checkout_lines
            where booking_id in (select id from mine) or pass_id in (select id from own_passes)
        )
    ) as balance_transactions,
    (
        select jsonb_agg(to_jsonb(differences)) from reconciliation_differences as differences
        where checkout_id in (select checkout_id from checkout_lines where booking_id in (select id from mine))
    ) as reconciliation_differences,
    (
        select jsonb_agg(to_jsonb(ledger_entries)) from ledger_entries
        where booking_id in (select id from mine) or pass_id in (select id from own_passes)
    ) as ledger_entries,
    -- of what is owed to a facilitator they get their statements: each line would tell what one person paid
    (
        select jsonb_agg(to_jsonb(ledger_lines)) from ledger_lines
        where entry_id in (
            select ledger_entries.id from ledger_entries
            where ledger_entries.booking_id in (select id from mine) or ledger_entries.pass_id in (select id from own_passes)
        )
    ) as ledger_lines,
    (select jsonb_agg(to_jsonb(share_terms)) from share_terms where set_by = :person) as share_terms,
    (select jsonb_agg(to_jsonb(shares)) from payment_shares as shares where shares.booking_id in (select id from mine))
        as payment_shares,
    (
        select jsonb_agg(to_jsonb(share_rows)) from share_rows
        where share_id in (select shares.id from payment_shares as shares where shares.booking_id in (select id from mine))
    ) as share_rows,
    (select jsonb_agg(to_jsonb(receipts)) from receipts where person_id = :person) as receipts,
    (
        -- what an organizer sent of the payments of others tells of those alone
        select
            jsonb_agg(
                case when sent.is_own then to_jsonb(sent.answer)
                    else to_jsonb(sent.answer) || '{"request": {}}' end
            )
        from (
            select
                answers as answer,
                coalesce(disputes.booking_id in (select id from mine), false)
                or coalesce(disputes.pass_id in (select id from own_passes), false) as is_own
            from dispute_answers as answers join disputes on disputes.stripe_id = answers.dispute_id
            where disputes.booking_id in (select id from mine) or answers.asked_by = :person
                or disputes.pass_id in (select id from own_passes)
        ) as sent
    ) as dispute_answers,
    (select jsonb_agg(to_jsonb(accounts)) from connect_accounts as accounts where accounts.person_id = :person)
        as connect_accounts,
    -- of what went to the account of a facilitator as well: these are of what the person paid, or looked at as an organizer
    (
        select jsonb_agg(to_jsonb(parts)) from connected_payments as parts
        where parts.seen_by = :person or parts.checkout_id in (
            select checkout_id from checkout_lines
            where booking_id in (select id from mine) or pass_id in (select id from own_passes)
        )
    ) as connected_payments,
    (
        select jsonb_agg(to_jsonb(calls)) from connect_operations as calls
        where calls.settled_by = :person or calls.checkout_id in (
            select checkout_id from checkout_lines
            where booking_id in (select id from mine) or pass_id in (select id from own_passes)
        )
    ) as connect_operations,
    (
        select jsonb_agg(to_jsonb(transfer_rows)) from transfer_rows
        where checkout_id in (
            select checkout_id from checkout_lines
            where booking_id in (select id from mine) or pass_id in (select id from own_passes)
        )
    ) as transfer_rows,
    (
        select jsonb_agg(to_jsonb(shares)) from cash_shares as shares
        where shares.booking_id in (select id from mine)
            or shares.walk_in_id in (select walk_ins.id from walk_ins where walk_ins.person_id = :person)
    ) as cash_shares,
    (
        select jsonb_agg(to_jsonb(rows)) from cash_share_rows as rows join cash_shares as shares on shares.id = rows.share_id
        where shares.booking_id in (select id from mine)
            or shares.walk_in_id in (select walk_ins.id from walk_ins where walk_ins.person_id = :person)
    ) as cash_share_rows,
    (select jsonb_agg(to_jsonb(shares)) from pass_shares as shares where shares.pass_id in (select id from own_passes))
        as pass_shares,
    (
        select jsonb_agg(to_jsonb(rows)) from pass_share_rows as rows join pass_shares as shares on shares.id = rows.share_id
        where shares.pass_id in (select id from own_passes)
    ) as pass_share_rows,
    (select jsonb_agg(to_jsonb(statements)) from statements where facilitator_id = :person) as statements,
    (
        select jsonb_agg(to_jsonb(lines)) from statement_lines as lines
        where lines.statement_id in (select statements.id from statements where statements.facilitator_id = :person)
    ) as statement_lines,
    (select jsonb_agg(to_jsonb(hand_payouts)) from hand_payouts where facilitator_id = :person) as hand_payouts,
    (select jsonb_agg(to_jsonb(walk_ins)) from walk_ins where person_id = :person) as walk_ins,
    (
        select jsonb_agg(to_jsonb(cash_rows)) from cash_rows
        where booking_id in (select id from mine)
            or walk_in_id in (select walk_ins.id from walk_ins where walk_ins.person_id = :person)
    ) as cash_rows,
    (select jsonb_agg(to_jsonb(given_seats)) from given_seats where booking_id in (select id from mine))
        as given_seats,
    (select jsonb_agg(to_jsonb(leaving_notes)) from leaving_notes where booking_id in (select id from mine))
        as leaving_notes,
    (
        select jsonb_agg(to_jsonb(payment_findings)) from payment_findings
        where booking_id in (select id from mine) or pass_id in (select id from own_passes)
    ) as payment_findings,
    (select jsonb_agg(to_jsonb(invites)) from invites where person_id = :person) as invites,
    (
        select jsonb_agg(to_jsonb(replies)) from invite_replies as replies
        join invites on invites.id = replies.invite_id where invites.person_id = :person
    ) as invite_replies,
    (select jsonb_agg(to_jsonb(circle_addresses)) from circle_addresses where chosen_by = :person)
        as circle_addresses,
    (select jsonb_agg(to_jsonb(host_entries)) from host_entries where person_id = :person) as host_entries,
    (select jsonb_agg(to_jsonb(sendings)) from sendings where booking_id in (select id from mine)) as sendings,
    (select jsonb_agg(to_jsonb(change_lines)) from change_lines where written_by = :person) as change_lines,
    (select jsonb_agg(to_jsonb(reminders)) from reminders where booking_id in (select id from mine)) as reminders,
    (select jsonb_agg(to_jsonb(hosted_gatherings)) from hosted_gatherings where person_id = :person) as hosted_gatherings,
    (select jsonb_agg(to_jsonb(letters)) from letters where person_id = :person) as letters,
    (
        select jsonb_agg(to_jsonb(register_marks)) from register_marks
        where booking_id in (select id from mine)
            or walk_in_id in (select walk_ins.id from walk_ins where walk_ins.person_id = :person)
    ) as register_marks,
    (
        select jsonb_agg(to_jsonb(taps)) from taps
        where booking_id in (select id from mine)
            or walk_in_id in (select walk_ins.id from walk_ins where walk_ins.person_id = :person)
    ) as taps,
    (select jsonb_agg(to_jsonb(hand_over_notes)) from hand_over_notes where about = :person) as hand_over_notes,
    (select jsonb_agg(to_jsonb(feeds)) from feeds where person_id = :person) as feeds,
    (select jsonb_agg(to_jsonb(reflections)) from reflections where changed_by = :person) as reflections,
    (
        select jsonb_agg(to_jsonb(messages)) from messages
        where written_by = :person or (state = 'sent' and booking_id in (select id from mine))
            or id in (select message_id from message_people where person_id = :person and gone_at is not null)
    ) as messages,
    (
        select jsonb_agg(to_jsonb(message_people)) from message_people
        where person_id = :person and gone_at is not null
    ) as message_people,
    (select jsonb_agg(to_jsonb(attendance)) from attendance where booking_id in (select id from mine))
        as attendance,
    (
        select jsonb_agg(to_jsonb(register_facts)) from register_facts
        where source_id in (select id from mine union all select id from walk_ins where person_id = :person)
    ) as register_facts,
    (select jsonb_agg(to_jsonb(requests)) from requests where person_id = :person) as requests,
    (select jsonb_agg(to_jsonb(waits)) from waits where person_id = :person) as waits,
    (
        select jsonb_agg(to_jsonb(request_answers)) from request_answers
        where request_id in (select id from requests where person_id = :person)
    ) as request_answers,
    (select jsonb_agg(to_jsonb(listed)) from listed) as listings,
    (select jsonb_agg(to_jsonb(listing_pictures)) from listing_pictures where listing_id in (select id from listed))
        as listing_pictures,
    (select jsonb_agg(to_jsonb(licences)) from licences where listing_id in (select id from listed)) as licences,
    (select jsonb_agg(to_jsonb(listing_ways)) from listing_ways where listing_id in (select id from listed))
        as listing_ways,
    (select jsonb_agg(to_jsonb(complaints)) from complaints where person_id = :person) as complaints,
    (
        select jsonb_agg(to_jsonb(complaint_steps)) from complaint_steps
        where who = :person or complaint_id in (select id from complaints where person_id = :person)
    ) as complaint_steps,
    (select jsonb_agg(to_jsonb(concerns)) from concerns where person_id = :person) as concerns,
    (
        select jsonb_agg(
            case
                when concerns.person_id = :person and steps.what in ('reply', 'answer') then to_jsonb(steps)
                else to_jsonb(steps) - 'body'
            end
        )
        from concern_steps as steps join concerns on concerns.id = steps.concern_id
        where steps.who = :person or (concerns.person_id = :person and steps.what in ('reply', 'answer'))
    ) as concern_steps,
    (select jsonb_agg(to_jsonb(listing_imports)) from listing_imports where made_by = :person) as listing_imports,
    (
        select jsonb_agg(to_jsonb(listing_import_rows)) from listing_import_rows
        where listing_id in (select id from listed) or person_id = :person
    ) as listing_import_rows,
    (select jsonb_agg(to_jsonb(moved_in_seats)) from moved_in_seats where booking_id in (select id from mine))
        as moved_in_seats,
    (
        select jsonb_agg(to_jsonb(account_invitations)) from account_invitations
        where invited_by = :person or email = (select people.email from people where id = :person)
    ) as account_invitations,
    (select jsonb_agg(to_jsonb(untold_people)) from untold_people where person_id = :person) as untold_people,
    (select jsonb_agg(to_jsonb(short_lists)) from short_lists where person_id = :person) as short_lists,
    (select jsonb_agg(to_jsonb(introductions)) from introductions where person_id = :person) as introductions,
    (select jsonb_agg(to_jsonb(suggestions)) from suggestions where person_id = :person) as suggestions,
    (select jsonb_agg(to_jsonb(accesses)) from accesses where person_id = :person) as accesses,
    (select jsonb_agg(to_jsonb(exports)) from exports where who = :person or id in (select exports_about(:person)))
        as exports,
    (select jsonb_agg(to_jsonb(export_downloads)) from export_downloads where who = :person) as export_downloads,
    (select jsonb_agg(to_jsonb(export_presets)) from export_presets where made_by = :person) as export_presets,
    (select jsonb_agg(to_jsonb(former_seats)) from former_seats where booking_id in (select id from mine)) as former_seats;

-- name: open_matters_of(person)^
-- what must end before a person can be erased; what they host, with what is ahead in it
select
    exists (
        select from bookings join gatherings on gatherings.id = gathering_id
        where person_id = :person and bookings.state in ('held', 'confirmed') and ends_at > now()
    ) as seats_ahead,
    (
        select id from passes
        where person_id = :person and (state = 'held' or state = 'active' and used < uses and valid_until > now())
        limit 1
    ) as pass_id,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', circles.id, 'name', circles.name,
                'gatherings', (
                    select count(*) from gatherings
                    where gatherings.circle_id = circles.id and gatherings.state = 'open' and ends_at > now()
                ),
                'seats', (
                    select coalesce(sum(seats_taken), 0) from gatherings
                    where gatherings.circle_id = circles.id and gatherings.state = 'open' and ends_at > now()
                )
            )
            order by circles.name_key, circles.id
        ), '[]')
        from hosts join circles on circles.id = hosts.circle_id
        where hosts.person_id = :person and hosts.part = 'lead' and circles.state <> 'archived'
    ) as led,
    (
        select count(*) from stand_ins join gatherings on gatherings.id = stand_ins.gathering_id
        where stand_ins.person_id = :person and gatherings.state = 'open' and ends_at > now()
    ) as stand_ins,
    (select is_organizer from people where id = :person)
    and not exists (select from people where is_organizer and id <> :person) as last_organizer,
    exists (
        select from operations join paid_items on paid_items.id = coalesce(operations.booking_id, operations.pass_id)
        where person_id = :person and operations.kind in ('refund', 'refund_finding')
            and operations.state <> 'done' and operations.settled_at is null
    ) as money_due;

-- name: erase_keys(person)!
-- sign-ins, and the browsers they were in
with browsers as (delete from known_browsers where person_id = :person)

delete from sign_ins where person_id = :person;

-- name: erase_kept_forms(person)!
-- forms sent without a sign-in
delete from kept_forms where person_id = :person;

-- name: erase_requests(person)!
-- requests of sign-in mails
delete from sign_in_requests
where person_id = :person or email = (select email from people where id = :person);

-- name: erase_mails(person)!
-- mails to them
delete from mails
where person_id = :person or to_address = (select email from people where id = :person);

-- name: erase_unreached(person)!
-- that mail did not reach their address
delete from unreached_addresses
where address = (select people.email from people where id = :person)
    or address in (select listings.email from listings where listings.person_id = :person);

-- name: erase_notes(person)!
-- notes of hosts about them
delete from hand_over_notes where about = :person;

-- name: erase_export_files(person)!
-- files that are kept for them, or that have a row about them
with gone as (
    update export_files set state = 'deleted', attempt = attempt + 1
    where state <> 'deleted' and (
        export_id in (select mine.id from exports as mine where mine.who = :person)
        or export_id in (select exports_about(:person))
    )
    returning export_id
)
delete from export_chunks where export_id in (select gone.export_id from gone);

-- name: erase_difference_reasons(person)!
-- what organizers wrote when they settled a difference from Stripe's books that is about a payment of theirs
update reconciliation_differences set reason = 'Erased'
where reason <> '' and checkout_id in (
    select lines.checkout_id from checkout_lines as lines
    left join bookings on bookings.id = lines.booking_id
    left join passes on passes.id = lines.pass_id
    where :person in (bookings.person_id, passes.person_id)
);

-- name: erase_settlements(person)!
-- what organizers wrote when they settled money of theirs by hand
with settled as (
    update payment_findings set settled_reason = 'Erased'
    where settled_reason <> '' and (
        booking_id in (select id from bookings where person_id = :person)
        or pass_id in (select id from passes where person_id = :person)
    )
)
update operations set settled_reason = 'Erased'
where settled_reason <> '' and (
    booking_id in (select id from bookings where person_id = :person)
    or pass_id in (select id from passes where person_id = :person)
);

-- name: erase_payment_notes(person)!
-- what organizers wrote of refunds by hand, and beside payments of theirs
with paid as materialized (
    select checkout_id from checkout_lines
    where booking_id in (select id from bookings where person_id = :person)
        or pass_id in (select id from passes where person_id = :person)
), refunds as (
    update refunds_by_hand set reason = 'Erased', note = case when note = '' then '' else 'Erased' end
    where checkout_id in (select paid.checkout_id from paid)
)
update payment_notes set body = 'Erased' where checkout_id in (select paid.checkout_id from paid);

-- name: erase_accounts(person)!
-- their accounts at Stripe get no more payments; the ids stay, since refunds of members still take their share back from there
with settled as (
    update connect_operations set settled_reason = 'Erased'
    from connected_payments as parts join connect_accounts as accounts on accounts.id = parts.account_id
    where parts.checkout_id = connect_operations.checkout_id and accounts.person_id = :person and settled_reason <> ''
)
update connect_accounts set
    ended_at = coalesce(ended_at, now()), ended_because = coalesce(nullif(ended_because, ''), 'erased'), country = '', due = '{}',
    disabled_reason = ''
where person_id = :person;

-- name: erase_dispute_answers(person)!
-- their name and address in what was sent to a bank, and why a dispute of theirs was accepted
update dispute_answers set
    request = request - array['customer_name', 'customer_email_address'],
    reason = case when reason <> '' then 'Erased' else '' end
where dispute_id in (
    select disputes.stripe_id from disputes
    where disputes.booking_id in (select bookings.id from bookings where bookings.person_id = :person)
        or disputes.pass_id in (select passes.id from passes where passes.person_id = :person)
);

-- name: erase_cash_notes(person)!
-- what was written beside cash of theirs
update cash_rows set note = 'Erased'
where note <> '' and (
    booking_id in (select id from bookings where person_id = :person)
    or walk_in_id in (select walk_ins.id from walk_ins where walk_ins.person_id = :person)
);

-- name: erase_payout_notes(person)!
-- what was written beside payouts to them
update hand_payouts set reference = '', reason = case when reason <> '' then 'Erased' else '' end
where facilitator_id = :person;

-- name: erase_given(person)!
-- the names and addresses under which seats were given to them, and why they left
with noted as (
    delete from leaving_notes where booking_id in (select id from bookings where person_id = :person)
)
update given_seats set name = '', email = '' where booking_id in (select id from bookings where person_id = :person);

-- name: erase_feed(person)!
-- the private calendar feed
delete from feeds where person_id = :person;

-- name: erase_credentials(person)!
-- credentials
delete from credentials where person_id = :person;

-- name: erase_messages(person)!
-- messages of hosts to them alone, their own drafts, and that others went to them
with alone as (
    select message_people.message_id from message_people
    where message_people.message_id in (select mine.message_id from message_people as mine where mine.person_id = :person)
    group by message_people.message_id
    having count(*) = 1
), gone as (
    delete from messages
    where booking_id in (select id from bookings where person_id = :person)
        or (audience = 'chosen' and id in (select message_id from alone))
        or (written_by = :person and state = 'draft')
    returning id
)
delete from message_people where person_id = :person and message_id not in (select id from gone);

-- name: erase_lines(person)!
-- what they wrote about changes
delete from change_lines where written_by = :person;

-- name: erase_reply_address(person)!
-- the reply address of their own messages, and of the mails with them to others
with mailed as (
    update mails set reply_to = '' where reply_to = (select people.email from people where id = :person)
)
update messages set reply_to = '' where written_by = :person;

-- name: erase_picture(person)!
-- the picture of a facilitator
delete from pictures where person_id = :person;

-- name: co_hosted(person)
-- the circles that somebody hosts beside others, as members see it
select circle_id from hosts where person_id = :person and part = 'co' order by circle_id;

-- name: erase_hosting(person)!
-- their places as hosts, and that they acted for circles
with acted as (delete from acting_organizers where person_id = :person)

delete from hosts where person_id = :person and part <> 'lead';

-- name: erase_host_entries(person)!
-- the calendar entries of what they hosted
delete from host_entries where person_id = :person;

-- name: erase_invitations(person)!
-- invitations to become a host
delete from host_invitations
where answered_by = :person or email = (select people.email from people where id = :person);

-- name: erase_role_requests(person)!
-- their requests for the facilitator's role
delete from role_requests where person_id = :person;

-- name: erase_asking(person)!
-- their requests to circles, with their answers
delete from requests where person_id = :person;

-- name: erase_waits(person)!
-- their places on waiting lists; a seat that was offered to them is free again, and what they wrote of others as a host
with written as (
    update waits set first_reason = 'erased' where first_by = :person and person_id <> :person and first_reason <> ''
)
delete from waits where person_id = :person;

-- name: erase_apart(person)!
-- pairs that are kept apart
delete from apart where first_id = :person or second_id = :person;

-- name: erase_listing(person)!
-- their listing with its licenses, ways and picture, the values of imported files about it, and the mails of
-- introductions to them
with said as (
    update listing_import_rows
    set cells = '{}', says = jsonb_build_object('was', says -> 'was', 'name', '', 'faults', array[]::text [], 'changes', '')
        || jsonb_build_object('facts', '', 'formulas', '')
    where listing_id in (select id from listings where person_id = :person)
    returning import_id
), sent as (
    -- Nobody reads a file anew that holds what is erased here.
    update listing_imports set content = null where content is not null and id in (select import_id from said)
), told as (
    delete from mails
    where id in (
        select introductions.mail_id from introductions join listings on listings.id = introductions.listing_id
        where listings.person_id = :person
    )
)

delete from listings where person_id = :person;

-- name: erase_imported(person)!
-- what lists say of them, with the files that hold it; what they paid elsewhere
with said as (
    update listing_import_rows
    set cells = '{}', says = jsonb_build_object('was', says -> 'was', 'name', '', 'faults', array[]::text [], 'changes', '')
        || jsonb_build_object('facts', '', 'formulas', '')
    where person_id = :person
    returning import_id
), sent as (
    -- Nobody reads a file anew that holds what is erased here.
    update listing_imports set content = null where content is not null and id in (select import_id from said)
), invited as (
    delete from account_invitations where email = (select people.email from people where id = :person)
), paid as (
    update moved_in_seats set paid = null where booking_id in (select id from bookings where person_id = :person)
)

delete from untold_people where person_id = :person;

-- name: erase_introductions(person)!
-- the introductions they requested, with their mails
with asked as (delete from introductions where person_id = :person returning mail_id)

delete from mails where id in (select mail_id from asked);

-- name: erase_short_list(person)!
-- their short list
delete from short_lists where person_id = :person;

-- name: erase_suggestions(person)!
-- suggestions of facilitators to them
delete from suggestions where person_id = :person;

-- name: erase_accesses(person)!
-- their access log
delete from accesses where person_id = :person;

-- name: erase_complaints(person)!
-- their complaints
delete from complaints where person_id = :person;

-- name: erase_letters(person)!
-- their letters: their codes say nothing any more
delete from letters where person_id = :person;

-- name: erase_facilitator_invitations(person)!
-- invitations of them to be a facilitator
delete from facilitator_invitations
where answered_by = :person or email = (select people.email from people where people.id = :person);

-- name: erase_merges(person)!
-- requests to join an account of theirs with another one
delete from merges where :person in (kept_id, gone_id);

-- name: joined(person)
-- the accounts that were joined to one, whose rows refer to it
select id from people where merged_into = :person order by id;

-- name: erase_suspensions(person)!
-- suspensions of them, with what organizers wrote
delete from suspensions where person_id = :person;

-- name: erase_concerns(person)!
-- what they wrote to the organizers
delete from concerns where person_id = :person;

-- name: erase_name(person)!
-- the row stays without a name, so that counts and money still add up
update people set
    email = id || '@gone.invalid', name = 'Somebody who left', pronouns = '', zone = '', clock_hours = null,
    clock_chosen = false, about = '', access_needs = '', approach = '', languages = '',
    is_facilitator = false, is_organizer = false, suspended_at = null, remind_day = false, remind_hour = false, calendar_alarms = false,
    hosting_mail = false
where id = :person;
