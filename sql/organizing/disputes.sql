-- name: open_ones(most)
-- disputes that are open, the first to answer first, with whom and which group they are of
select
    disputes.stripe_id, disputes.state, disputes.reason, disputes.amount, disputes.currency, disputes.answer_by, disputes.made_at,
    disputes.closed_at, people.name, circles.name as circle_name
from disputes
cross join lateral (
    select * from paid_items where paid_items.id = coalesce(disputes.booking_id, disputes.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where disputes.closed_at is null
order by disputes.answer_by nulls last, disputes.stripe_id limit :most;

-- name: closed_ones(after, most)
-- disputes that are over, the latest first; after: the last one of the page before
select
    disputes.stripe_id, disputes.state, disputes.reason, disputes.amount, disputes.currency, disputes.answer_by, disputes.made_at,
    disputes.closed_at, people.name, circles.name as circle_name
from disputes
cross join lateral (
    select * from paid_items where paid_items.id = coalesce(disputes.booking_id, disputes.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where disputes.closed_at is not null and (
    :after::text is null
    or (disputes.closed_at, disputes.stripe_id) < (
        select before.closed_at, before.stripe_id from disputes as before where before.stripe_id = :after
    )
)
order by disputes.closed_at desc, disputes.stripe_id desc limit :most;

-- name: dispute(stripe_id)^
-- one dispute with all that there is about its payment: the pass that it bought, receipts, refunds, and each booking with its agreement, invites, answers, mark,
-- messages and terms; messages by their time alone
select
    disputes.stripe_id, disputes.state, disputes.reason, disputes.amount, disputes.currency, disputes.fee, disputes.answer_by,
    disputes.made_at, disputes.closed_at, disputes.checkout_id, clock_timestamp() as now, items.person_id, people.name, people.email,
    circles.id as circle_id, circles.name as circle_name, circles.discreet_name, circles.zone, disputes.pass_id,
    coalesce(disputes.booking_id, disputes.pass_id) as about,
    (
        select jsonb_build_object(
            'uses', passes.uses, 'agreed_at', acceptances.accepted_at, 'version', versions.number,
            'created_at', passes.created_at, 'valid_until', passes.valid_until, 'refund_kind', offers.refund_kind,
            'refund_percent', offers.refund_percent, 'refund_per_use', offers.refund_per_use, 'refund_weeks', offers.refund_weeks
        )
        from passes
        join pass_offers as offers on offers.id = passes.offer_id
        join acceptances on acceptances.id = passes.acceptance_id
        join guidelines_versions as versions on versions.id = acceptances.version_id
        where passes.id = disputes.pass_id
    ) as bought,
    (select max(at) from money_rows where money_rows.checkout_id = disputes.checkout_id and kind = 'payment') as paid_at,
    (select sum(amount) from money_rows where money_rows.checkout_id = disputes.checkout_id and kind = 'payment') as paid,
    (select name from receipts where receipts.checkout_id = disputes.checkout_id) as receipt_name,
    (select id from receipts where receipts.checkout_id = disputes.checkout_id) as receipt_id,
    (
        select coalesce(jsonb_agg(jsonb_build_object('at', back.at, 'amount', -back.amount) order by back.at), '[]')
        from money_rows as back where back.checkout_id = disputes.checkout_id and back.kind = 'refund'
    ) as refunds,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'kind', answers.kind, 'state', answers.state, 'fault', answers.fault, 'asked_at', answers.asked_at,
                        'request', answers.request, 'reason', answers.reason, 'by', coalesce(askers.name, 'Somebody who left')
                    ) order by answers.asked_at desc
                ), '[]'
            )
        from dispute_answers as answers left join people as askers on askers.id = answers.asked_by
        where answers.dispute_id = disputes.stripe_id
    ) as answers,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'id', bookings.id, 'number', number_of(bookings.id), 'starts_at', gatherings.starts_at,
                        'zone', gatherings.zone, 'state', bookings.state,
                        'created_at', bookings.created_at, 'confirmed_at', bookings.confirmed_at, 'ended_at', bookings.ended_at,
                        'end_cause', bookings.end_cause, 'refund_hours', bookings.refund_hours,
                        'late_percent', bookings.late_refund_percent, 'is_over', gatherings.ends_at <= now(),
                        'is_canceled', gatherings.state = 'cancelled', 'agreed_at', acceptances.accepted_at,
                        'version', versions.number, 'mark', attendance.mark,
                        'invites', array(
                            select sendings.sent_at from sendings
                            where sendings.booking_id = bookings.id and sendings.method = 'REQUEST' order by sendings.sent_at
                        ),
                        'reply', replies.answer, 'replied_at', replies.received_at,
                        'messages', array(
                            select messages.sent_at from messages
                            where messages.gathering_id = gatherings.id and messages.state = 'sent'
                                and (messages.booking_id is null or messages.booking_id = bookings.id)
                                and messages.sent_at > bookings.created_at
                            order by messages.sent_at
                        )
                    ) order by gatherings.starts_at
                ), '[]'
            )
        from (
            select checkout_lines.booking_id from checkout_lines
            where checkout_lines.checkout_id = disputes.checkout_id and checkout_lines.booking_id is not null
            union all
            select pass_uses.booking_id from pass_uses where pass_uses.pass_id = disputes.pass_id
        ) as paid_for
        join bookings on bookings.id = paid_for.booking_id
        join gatherings on gatherings.id = bookings.gathering_id
        left join acceptances on acceptances.id = bookings.acceptance_id
        left join guidelines_versions as versions on versions.id = acceptances.version_id
        left join attendance on attendance.booking_id = bookings.id
        left join invites on invites.gathering_id = gatherings.id and invites.person_id = bookings.person_id
        left join invite_replies as replies on replies.invite_id = invites.id
    ) as bookings
from disputes
cross join lateral (
    select * from paid_items where paid_items.id = coalesce(disputes.booking_id, disputes.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where disputes.stripe_id = :stripe_id;

-- name: lock(stripe_id)^
-- one dispute, locked, with whose payment it is, and whether there is another organizer than the one who acts
select
    disputes.stripe_id, disputes.state, disputes.answer_by, clock_timestamp() as now, items.person_id,
    coalesce(disputes.booking_id, disputes.pass_id) as about,
    exists (select from dispute_answers as answers where answers.dispute_id = disputes.stripe_id and answers.state = 'due') as is_sending,
    (select count(*) > 1 from people where people.is_organizer) as has_others
from disputes
cross join lateral (
    select * from paid_items where paid_items.id = coalesce(disputes.booking_id, disputes.pass_id) offset 0
) as items
where disputes.stripe_id = :stripe_id
for no key update of disputes;

-- name: untold(most)
-- what organizers were not told of yet: disputes that were opened, that have to be answered within three days, or that ended
select disputes.stripe_id, disputes.state, disputes.answer_by, news.kind, circles.discreet_name, items.person_id
from disputes
cross join lateral (
    select * from paid_items where paid_items.id = coalesce(disputes.booking_id, disputes.pass_id) offset 0
) as items
join circles on circles.id = items.circle_id
cross join lateral (
    select 'opened' as kind where disputes.closed_at is null
    union all
    select 'due' where disputes.closed_at is null and disputes.state like '%needs_response'
        and disputes.answer_by between now() and now() + interval '3 days'
    union all
    select 'closed' where disputes.closed_at is not null
) as news
where (disputes.closed_at is null or disputes.closed_at > now() - interval '60 days') and not exists (
    select from dispute_notices as told where told.dispute_id = disputes.stripe_id and told.kind = news.kind
)
order by disputes.made_at limit :most;

-- name: note_told(stripe_id, kind)$
-- organizers are told of a dispute, once; no row where they were
insert into dispute_notices (dispute_id, kind) values (:stripe_id, :kind) on conflict do nothing returning kind;
