-- name: no_gathering_is_oversold()$
-- no gathering has more active bookings, offers and walk-ins with a seat than seats, and no seat lies beyond its capacity or is
-- given twice
select count(*) from (
    select gatherings.id
    from gatherings
    join (
        select gathering_id, seat from bookings where state in ('held', 'confirmed')
        union all
        select gathering_id, seat from waits where state = 'offered'
        union all
        select gathering_id, seat from walk_ins where seat is not null
    ) as taken on taken.gathering_id = gatherings.id
    group by gatherings.id
    having count(*) > gatherings.capacity or max(taken.seat) > gatherings.capacity
        or count(*) > count(distinct taken.seat)
) as oversold;

-- name: seats_taken_match_bookings()$
-- the seats kept on each gathering are those of its active bookings, offers and walk-ins, community seats likewise
select count(*) from gatherings
left join (
    select gathering_id, bit_or(1 << seat - 1) as map, count(*) filter (where is_community) as community
    from (
        select gathering_id, seat, kind = 'community' as is_community from bookings where state in ('held', 'confirmed')
        union all
        select gathering_id, seat, line = 'community' from waits where state = 'offered'
        union all
        select gathering_id, seat, false from walk_ins where seat is not null
    ) as taken
    group by gathering_id
) as seated on seated.gathering_id = gatherings.id
where (seats_map, community_taken) <> (coalesce(seated.map, 0), coalesce(seated.community, 0));

-- name: every_walk_in_has_an_event()$
-- every walk-in has an event row of its adding, and of its taking off
select count(*) from walk_ins where not exists (
    select from events where events.about = walk_ins.id and events.what = 'walk_in.added'
) or (removed_at is not null and not exists (
    select from events where events.about = walk_ins.id and events.what = 'walk_in.removed'
));

-- name: old_walk_ins_hold_no_name()$
-- the first name of a walk-in is forgotten after a year and two days
select count(*) from walk_ins where name <> '' and added_at < now() - interval '368 days';

-- name: only_given_seats_wait_for_an_agreement()$
-- every seat without an acceptance of the guidelines was given, and its person has not answered yet; or it is past, and came with
-- a list
select count(*) from bookings where acceptance_id is null and not exists (
    select from given_seats where given_seats.booking_id = bookings.id and given_seats.answered_at is null
) and not exists (select from moved_in_seats where moved_in_seats.booking_id = bookings.id);

-- name: no_more_cash_is_given_back_than_received()$
-- of no seat more cash was given back than was received
select count(*) from (
    select from cash_rows group by booking_id, walk_in_id having sum(amount) < 0
) as negative;

-- name: cash_is_in_the_currency_of_its_seat()$
-- cash is in the currency of its booking, and every row has an event with who noted it
select count(*) from cash_rows
where exists (
    select from bookings where bookings.id = cash_rows.booking_id and bookings.currency <> cash_rows.currency
) or not exists (
    select from events where events.about = cash_rows.id and events.what = 'cash.noted'
);

-- name: no_more_community_seats_than_offered()$
-- no gathering has more community bookings and offers than community seats
select count(*) from gatherings where community_taken > community_seats and state = 'open';

-- name: nobody_booked_waits()$
-- nobody with a seat is on the waiting list of the same gathering
select count(*) from waits
join bookings on bookings.gathering_id = waits.gathering_id and bookings.person_id = waits.person_id
where waits.state in ('waiting', 'offered') and bookings.state in ('held', 'confirmed');

-- name: free_seats_are_offered()$
-- no seat is free for longer than two minutes while somebody on the waiting list could take it
select count(*) from (
    select gathering_id from waits where state in ('waiting', 'offered')
    group by gathering_id having max(moved_at) < now() - interval '2 minutes'
) as waited
join gatherings on gatherings.id = waited.gathering_id and gatherings.seats_taken < gatherings.capacity
where exists (select from next_offer(waited.gathering_id)) and not exists (
    select from bookings
    where bookings.gathering_id = waited.gathering_id and bookings.ended_at > now() - interval '2 minutes'
);

-- name: offers_lapse_in_time()$
-- no offer is still open five minutes after its time
select count(*) from waits where state = 'offered' and offer_ends_at < now() - interval '5 minutes';

-- name: every_wait_has_an_event()$
-- every wait has an event row of its present state
select count(*) from waits where not exists (
    select from events where events.about = waits.id and events.after = waits.state
);

-- name: every_paid_seat_was_paid()$
-- every confirmed paid booking costs what was paid for it less the refunds that this site asked for; what went back at Stripe's
-- dashboard or by an organizer's hand may be less or count against those, and what a dispute took is not counted
select count(*) from bookings
left join (
    select booking_id, sum(amount) as amount from money_rows where kind = 'payment' group by booking_id
) as paid on paid.booking_id = bookings.id
left join (
    select
        booking_id, sum(amount) filter (where reason not in ('at_stripe', 'by_organizer')) as asked,
        sum(amount) filter (where reason in ('at_stripe', 'by_organizer')) as elsewhere
    from operations where kind = 'refund' group by booking_id
) as refunds on refunds.booking_id = bookings.id
where bookings.state = 'confirmed' and bookings.kind = 'paid'
    and bookings.amount + coalesce(refunds.asked, 0) - coalesce(paid.amount, 0)
        not between 0 and coalesce(refunds.elsewhere, 0);

-- name: lines_add_up_to_their_checkout()$
-- the lines of every checkout add up to its amount, in the currency of their bookings or their pass, all of one person
select count(*) from (
    select checkouts.id
    from checkouts
    left join checkout_lines as lines on lines.checkout_id = checkouts.id
    left join bookings on bookings.id = lines.booking_id
    left join passes on passes.id = lines.pass_id
    group by checkouts.id
    having coalesce(sum(lines.amount), 0) <> checkouts.amount
        or bool_or(coalesce(bookings.currency, passes.currency) <> checkouts.currency)
        or bool_or((lines.pass_id is not null) <> (checkouts.covers = 'pass'))
        or count(distinct coalesce(bookings.person_id, passes.person_id)) <> 1 or bool_or(lines.is_addition <> (checkouts.covers = 'addition'))
        or (checkouts.covers <> 'bookings' and count(*) <> 1)
        or (checkouts.covers <> 'addition' and bool_and(coalesce(lines.booking_id, lines.pass_id) <> checkouts.booking_id))
) as unequal;

-- name: every_line_is_in_the_ledger_once()$
-- every line of a paid checkout is in the ledger with its whole amount, and no other line is
select count(*) from checkout_lines as lines
join checkouts on checkouts.id = lines.checkout_id
full join (
    select coalesce(booking_id, pass_id) as about, checkout_id, sum(amount) as amount from money_rows where kind = 'payment'
    group by coalesce(booking_id, pass_id), checkout_id
) as paid on paid.checkout_id = lines.checkout_id and paid.about = coalesce(lines.booking_id, lines.pass_id)
where lines.checkout_id is null or case checkouts.state when 'paid' then lines.amount else 0 end <> coalesce(paid.amount, 0);

-- name: no_payment_is_refunded_more_than_paid()$
-- no payment has more refunds of a booking or a pass than it brought for it
select count(*) from (
    select checkout_id, booking_id, pass_id from money_rows where kind not like 'dispute%'
    group by checkout_id, booking_id, pass_id having sum(amount) < 0
) as negative;

-- name: payments_without_a_seat_are_refunded()$
-- what was paid for a lapsed booking was refunded, or its refund is due or for a person to settle
select count(*) from bookings
left join (select booking_id, sum(amount) as amount from money_rows group by booking_id) as paid on paid.booking_id = bookings.id
left join (
    select booking_id, sum(amount - covered) as amount from operations
    where kind = 'refund' and state in ('due', 'failed') group by booking_id
) as due on due.booking_id = bookings.id
where bookings.state = 'lapsed' and greatest(0, coalesce(paid.amount, 0)) <> coalesce(due.amount, 0);

-- name: no_booking_is_refunded_more_than_paid()$
-- no booking has more refunds than payments; a bank may take more by a dispute
select count(*) from (
    select booking_id from money_rows where booking_id is not null and kind not like 'dispute%'
    group by booking_id having sum(amount) < 0
) as negative;

-- name: ledger_agrees_with_operations()$
-- every refund that was sent or arrived is in the ledger with its amount, less what went back in another way
select count(*) from operations
left join (
    select stripe_id, - sum(amount) as amount from money_rows
    where kind in ('refund', 'refund_returned') group by stripe_id
) as moved on moved.stripe_id = operations.stripe_id
where operations.kind = 'refund' and operations.state in ('sent', 'done')
    and operations.amount - operations.covered <> coalesce(moved.amount, 0);

-- name: shares_follow_their_payments()$
-- every part of a payment is what is left of it after all that went back, and follows each movement of its money
select count(*) from payment_shares as shares
cross join lateral (
    select coalesce(sum(amount), 0) as amount, coalesce(sum(part), 0) as part, count(*) as rows
    from share_rows where share_rows.share_id = shares.id
) as followed
where followed.part <> part_left(shares.part, shares.amount, shares.amount - followed.amount)
    or (followed.amount, followed.rows) <> (
        select coalesce(sum(amount), 0), count(*) from money_rows
        where money_rows.checkout_id = shares.checkout_id and money_rows.booking_id = shares.booking_id
    );

-- name: shares_are_posted()$
-- what became due to each facilitator of each circle, of payments and of cash, is what the ledger says of it
select count(*) from (
    select currency, circle_id, facilitator_id, sum(due) as due from (
        select shares.currency, shares.circle_id, shares.facilitator_id, share_rows.part as due
        from share_rows join payment_shares as shares on shares.id = share_rows.share_id
        union all
        select shares.currency, shares.circle_id, shares.facilitator_id, rows.part - rows.amount
        from cash_share_rows as rows join cash_shares as shares on shares.id = rows.share_id
        union all
        select shares.currency, shares.circle_id, shares.facilitator_id, rows.part
        from pass_share_rows as rows join pass_shares as shares on shares.id = rows.share_id
        union all
        select entries.currency, entries.circle_id, coalesce(people.merged_into, people.id), lines.amount
        from ledger_entries as entries
        join ledger_lines as lines on lines.entry_id = entries.id and lines.account = 'facilitators'
        join people on people.id = lines.owner_id
        where entries.kind in ('share', 'cash_share', 'pass_share')
    ) as moved
    group by currency, circle_id, facilitator_id having sum(due) <> 0
) as differing;

-- name: pass_shares_follow_their_income()$
-- every part of a pass is what is due of it after all that is income of its circle
select count(*) from pass_shares as shares
cross join lateral (
    select coalesce(sum(amount), 0) as amount, coalesce(sum(part), 0) as part
    from pass_share_rows where pass_share_rows.share_id = shares.id
) as followed
where followed.part <> part_left(shares.part, shares.amount, shares.amount - followed.amount) or followed.amount <> (
    select coalesce(sum(- lines.amount), 0)
    from ledger_entries as entries
    join ledger_lines as lines on lines.entry_id = entries.id and lines.account = 'sales'
    where entries.pass_id = shares.pass_id and entries.kind = 'pass_settled'
);

-- name: cash_shares_follow_their_cash()$
-- every row of cash of a seat with a part is followed by the part, which never is negative in all
select count(*) from cash_shares as shares
cross join lateral (
    select coalesce(sum(amount), 0) as amount, coalesce(sum(part), 0) as part, count(*) as rows
    from cash_share_rows where cash_share_rows.share_id = shares.id
) as followed
where followed.part < 0 or followed.part > greatest(followed.amount, 0) or (followed.amount, followed.rows) <> (
    select coalesce(sum(amount), 0), count(*) from cash_rows
    where cash_rows.booking_id = shares.booking_id or cash_rows.walk_in_id = shares.walk_in_id
);

-- name: statements_are_what_they_count()$
-- every line of a statement is the sum of the rows that it counts
select count(*) from (
    select statement_id, circle_id, way, sum(seats) as seats, sum(amount) as amount, sum(part) as part from (
        select statement_id, circle_id, way, seats, amount, part from statement_lines
        union all
        select
            share_rows.statement_id, shares.circle_id, case when shares.account is null then 'card' else 'account' end,
            - share_rows.seats, - share_rows.amount, - share_rows.part
        from share_rows join payment_shares as shares on shares.id = share_rows.share_id
        where share_rows.statement_id is not null
        union all
        select rows.statement_id, shares.circle_id, 'cash', - rows.seats, - rows.amount, - rows.part
        from cash_share_rows as rows join cash_shares as shares on shares.id = rows.share_id
        where rows.statement_id is not null
        union all
        select rows.statement_id, shares.circle_id, 'card', - rows.seats, - rows.amount, - rows.part
        from pass_share_rows as rows join pass_shares as shares on shares.id = rows.share_id
        where rows.statement_id is not null
    ) as moved
    group by statement_id, circle_id, way having sum(seats) <> 0 or sum(amount) <> 0 or sum(part) <> 0
) as differing;

-- name: what_is_due_is_what_the_ledger_owes()$
-- what is due to each facilitator in each currency, by their statements, what is in none yet and what was paid out by hand, is what
-- the ledger says to be owed to them
select count(*) from (
    select currency, person_id, sum(due) as due from (
        select statements.currency, statements.facilitator_id as person_id, lines.part - lines.transferred - lines.held as due
        from statements join statement_lines as lines on lines.statement_id = statements.id
        union all
        select currency, facilitator_id, part - transferred - held from unstated_shares
        union all
        select currency, facilitator_id, - amount from hand_payouts
        union all
        select lines.currency, coalesce(people.merged_into, people.id), lines.amount
        from ledger_lines as lines join people on people.id = lines.owner_id
        where lines.account = 'facilitators'
    ) as moved
    group by currency, person_id having sum(due) <> 0
) as differing;

-- name: payouts_by_hand_are_posted()$
-- every payout that was noted, and every correction of one, is in the ledger
select count(*) from hand_payouts where not exists (
    select from ledger_entries as entries
    join ledger_lines as lines on lines.entry_id = entries.id and lines.account = 'facilitators'
    where entries.kind = 'hand_payout' and entries.source = hand_payouts.id::text
        and entries.currency = hand_payouts.currency and lines.amount = hand_payouts.amount
);

-- name: ledger_has_refunds_that_live_alone()$
-- every refund in the ledger is on its way or arrived, or came back in the ledger as well
select count(*) from money_rows
where kind = 'refund'
    and not exists (
        select from money_rows as back where back.kind = 'refund_returned' and back.stripe_id = money_rows.stripe_id
    )
    and not exists (
        select from operations
        where operations.stripe_id = money_rows.stripe_id and operations.kind = 'refund'
            and operations.state in ('sent', 'done')
    );

-- name: refunds_on_their_way_are_read_again()$
-- every refund that has not arrived is read again within a day
select count(*) from operations
where kind in ('refund', 'refund_finding') and state = 'sent'
    and (read_at is null or read_at not between now() - interval '1 day' and now() + interval '1 day');

-- name: refunds_to_be_sent_have_money()$
-- no more is to be refunded of a booking or a pass than what is left of the payment that it goes back from
select count(*) from (
    select booking_id, pass_id, checkout_id, sum(amount - covered) as owed from operations
    where kind = 'refund' and state in ('due', 'failed')
    group by booking_id, pass_id, checkout_id
) as waiting
where owed > greatest(0, (
    select coalesce(sum(amount), 0) from money_rows
    where (booking_id = waiting.booking_id or pass_id = waiting.pass_id) and checkout_id = waiting.checkout_id
));

-- name: ledger_agrees_with_disputes()$
-- disputes took no more of a payment than they are about, and gave no more back than they took
select count(*) from (
    select checkout_id, sum(amount) as moved from money_rows where kind like 'dispute%' group by checkout_id
) as taken
where moved > 0 or - moved > (
    select coalesce(sum(disputes.amount), 0) from disputes where disputes.checkout_id = taken.checkout_id
);

-- name: canceled_gatherings_are_empty()$
-- a canceled gathering has no confirmed booking
select count(*) from gatherings join bookings on bookings.gathering_id = gatherings.id
where gatherings.state = 'cancelled' and bookings.state = 'confirmed';

-- name: canceled_gatherings_are_refunded()$
-- what was paid for a canceled gathering was refunded, or its refund is due or for a person to settle
select count(*) from bookings
join gatherings on gatherings.id = bookings.gathering_id
left join (select booking_id, sum(amount) as amount from money_rows group by booking_id) as paid on paid.booking_id = bookings.id
left join (
    select booking_id, sum(amount - covered) as amount from operations
    where kind = 'refund' and state in ('due', 'failed') group by booking_id
) as due on due.booking_id = bookings.id
where gatherings.state = 'cancelled' and bookings.end_cause = 'gathering_cancelled'
    and greatest(0, coalesce(paid.amount, 0)) <> coalesce(due.amount, 0);

-- name: seats_ended_by_hosts_are_refunded()$
-- what was paid for a seat that a host ended was refunded, or its refund is due or for a person to settle
select count(*) from bookings
left join (select booking_id, sum(amount) as amount from money_rows group by booking_id) as paid on paid.booking_id = bookings.id
left join (
    select booking_id, sum(amount - covered) as amount from operations
    where kind = 'refund' and state in ('due', 'failed') group by booking_id
) as due on due.booking_id = bookings.id
where bookings.end_cause = 'by_host' and greatest(0, coalesce(paid.amount, 0)) <> coalesce(due.amount, 0);

-- name: every_booking_agreed_to_guidelines()$
-- every booking has an acceptance by the same person, of the guidelines as they were published
select count(*) from bookings
join acceptances on acceptances.id = bookings.acceptance_id
join guidelines_versions on guidelines_versions.id = acceptances.version_id
where acceptances.person_id <> bookings.person_id or acceptances.sha256 <> guidelines_versions.sha256;

-- name: only_material_changes_need_acceptance()$
-- guidelines are to be accepted again after material changes only
select count(*) from guidelines_asked join guidelines_versions on guidelines_versions.id = version_id
where not guidelines_versions.material;

-- name: every_booking_has_an_event()$
-- every booking has an event row of its present state
select count(*) from bookings where not exists (
    select from events where events.about = bookings.id and events.after = bookings.state
);

-- name: every_moved_seat_has_an_event()$
-- a booking that moved has an event row for each time, the last of which says where it is
select count(*) from bookings
left join (
    select
        about, count(*) filter (where details ->> 'by' = 'member') as by_member,
        (array_agg(details ->> 'to' order by id desc))[1] as last_to
    from events where what = 'booking.moved' group by about
) as moved on moved.about = bookings.id
where bookings.moves <> coalesce(moved.by_member, 0) or moved.last_to <> bookings.gathering_id::text;

-- name: every_invite_is_of_a_gathering()$
-- no invite lost its gathering while two of a person exchanged theirs
select count(*) from invites where gathering_id is null;

-- name: free_seats_keep_no_money()$
-- of a confirmed seat that is free of charge, all that was paid by card has gone back or is to go back
select count(*) from bookings
join (
    select booking_id, sum(amount) as amount from money_rows where kind = 'payment' group by booking_id
) as paid on paid.booking_id = bookings.id
left join (
    select booking_id, sum(amount) as amount from operations where kind = 'refund' group by booking_id
) as refunds on refunds.booking_id = bookings.id
where bookings.state = 'confirmed' and bookings.kind <> 'paid' and paid.amount > coalesce(refunds.amount, 0);

-- name: attendance_is_of_booked_people()$
-- attendance is marked for confirmed bookings, and those of a gathering canceled after it began
select count(*) from attendance join bookings on bookings.id = attendance.booking_id
where bookings.state <> 'confirmed' and bookings.end_cause <> 'gathering_cancelled';

-- name: register_counts_match_marks()$
-- the marks counted on each gathering are those of its register
select count(*) from (
    select bookings.gathering_id, count(*) as marked, count(*) filter (where attendance.mark = 'came') as came
    from attendance join bookings on bookings.id = attendance.booking_id
    group by bookings.gathering_id
) as kept full join register_counts on register_counts.gathering_id = kept.gathering_id
where (coalesce(kept.marked, 0), coalesce(kept.came, 0))
    <> (coalesce(register_counts.marked, 0), coalesce(register_counts.came, 0));

-- name: register_facts_match_registers()$
-- what reports count is what the registers say
select count(*) from register_sources as sources
full join register_facts as facts on facts.source_id = sources.source_id
where (facts.gathering_id, facts.person_id, facts.starts_at, facts.mark)
    is distinct from (sources.gathering_id, sources.person_id, sources.starts_at, sources.mark);

-- name: present_marks_are_the_newest_of_the_record()$
-- the mark of everybody with a seat, and of every walk-in, is the one of the register's record that was made last
select (
    select count(*)
    from attendance full join (
        select distinct on (booking_id) booking_id, mark, late, left_early
        from register_marks where booking_id is not null
        order by booking_id, made_at desc, id desc
    ) as newest on newest.booking_id = attendance.booking_id
    where (coalesce(attendance.mark, ''), coalesce(attendance.late, false), coalesce(attendance.left_early, false))
        <> (coalesce(newest.mark, ''), coalesce(newest.late, false), coalesce(newest.left_early, false))
) + (
    select count(*)
    from walk_ins left join lateral (
        select mark, late, left_early from register_marks
        where walk_in_id = walk_ins.id order by made_at desc, id desc limit 1
    ) as newest on true
    where (case when walk_ins.removed_at is null then 'came' else '' end, walk_ins.late, walk_ins.left_early)
        is distinct from (newest.mark, newest.late, newest.left_early)
);

-- name: closed_registers_took_no_mark()$
-- no mark of a closed register came after it closed, except that a seat ended
select count(*) from register_marks join gatherings on gatherings.id = register_marks.gathering_id
where register_marks.source <> 'seat' and register_marks.received_at > gatherings.closed_at;

-- name: marks_are_of_the_gathering_of_their_line()$
-- a mark of a walk-in is of their gathering, and so is the newest of a booking that has a mark
select (
    select count(*) from register_marks join walk_ins on walk_ins.id = register_marks.walk_in_id
    where walk_ins.gathering_id <> register_marks.gathering_id
) + (
    select count(*)
    from (
        select distinct on (booking_id) booking_id, gathering_id, mark
        from register_marks where booking_id is not null
        order by booking_id, made_at desc, id desc
    ) as newest
    join bookings on bookings.id = newest.booking_id
    where newest.mark <> '' and newest.gathering_id <> bookings.gathering_id
);

-- name: every_circle_has_a_lead()$
-- every circle that is not archived has one lead host
select count(*) from circles where state <> 'archived' and 1 <> (
    select count(*) from hosts where hosts.circle_id = circles.id and hosts.part = 'lead'
);

-- name: every_lead_may_host()$
-- every circle that is not archived is led by a facilitator or organizer, or waits for organizers since its lead was suspended
select count(*) from orphaned_circles where not exists (
    select from hosts join suspensions on suspensions.person_id = hosts.person_id
    where hosts.circle_id = orphaned_circles.id and hosts.part = 'lead' and suspensions.begun_at is not null
);

-- name: every_stand_in_may_host()$
-- every stand-in of a gathering ahead is a facilitator or organizer
select count(*) from orphaned_stand_ins;

-- name: every_sent_message_has_an_event()$
-- every message that was sent has an event row with the number of its mails
select count(*) from messages where state = 'sent' and not exists (
    select from events
    where events.about = messages.id and events.what = 'message.sent'
        and (events.details ->> 'mails')::int = messages.mails
);

-- name: every_payment_is_in_the_ledger_once()$
-- every paid checkout is in the ledger with its whole amount, and no other checkout is
select count(*) from checkouts
left join (
    select checkout_id, sum(amount) as amount from money_rows where kind = 'payment' group by checkout_id
) as paid on paid.checkout_id = checkouts.id
where case checkouts.state when 'paid' then checkouts.amount else 0 end <> coalesce(paid.amount, 0);

-- name: ledger_currency_matches_booking()$
-- payments and refunds are in the currency of the booking or pass
select count(*) from money_rows join paid_items on paid_items.id = coalesce(money_rows.booking_id, money_rows.pass_id)
where money_rows.currency <> paid_items.currency;

-- name: no_hold_outlives_its_time()$
-- no booking is still held a day after its time to pay ended, unless a bank or a person still decides its payment
select count(*) from bookings
where state = 'held' and held_until < now() - interval '1 day'
    and not exists (
        select from checkouts
        where checkouts.id = checkout_named(bookings.id) and (
            checkouts.pending_at is not null
            or exists (
                select from payment_findings
                where payment_findings.booking_id = checkouts.booking_id and payment_findings.settled_at is null
            )
        )
    );

-- name: invite_sequence_is_the_last_sent()$
-- the sequence of every invite is at least the highest that was mailed
select count(*) from invites
join (
    select invite_id, max(sequence) as sequence from sendings group by invite_id
) as sent on sent.invite_id = invites.id
where invites.sequence < sent.sequence;

-- name: old_requests_hold_no_text()$
-- a request that was decided more than 31 days ago holds no text
select count(*) from requests where decided_at < now() - interval '31 days' and (
    words <> '' or exists (select from request_answers where request_answers.request_id = requests.id)
);

-- name: every_request_has_an_event()$
-- every request has an event row of its present state
select count(*) from requests where not exists (
    select from events where events.about = requests.id and events.after = requests.state
);

-- name: scheduled_gatherings_are_of_their_circle()$
-- every gathering of a schedule is of the circle of that schedule
select count(*) from gatherings join schedules on schedules.id = gatherings.schedule_id
where schedules.circle_id <> gatherings.circle_id;

-- name: facet_blocks_match_listings()$
-- the facet bitmaps have exactly the facets of the shown listings, and no block is stale
select (select count(*) from stale_blocks) + count(*) from (
    select listings.number, each.facet
    from listings cross join lateral unnest(listings.facets || array['all']) as each (facet)
    where listings.state = 'shown'
) as expected
full join (
    select blocks.block * 4096 + each.place - 1 as number, blocks.facet
    from facet_blocks as blocks
    cross join lateral unnest(string_to_array(blocks.bits::text, null)) with ordinality as each (is_set, place)
    where each.is_set = '1'
) as marked on marked.number = expected.number and marked.facet = expected.facet
where expected.number is null or marked.number is null;

-- name: old_introductions_hold_no_text()$
-- an introduction holds no text, mail or token a day after its time ended
select count(*) from introductions where expires_at < now() - interval '1 day' and (
    forgotten_at is null or call_name <> '' or reach <> '' or looking_for <> '' or own_words <> ''
    or answer_words <> '' or exists (select from mails where mails.id = introductions.mail_id)
);

-- name: every_introduction_has_an_event()$
-- every introduction has an event row of its present state
select count(*) from introductions where not exists (
    select from events where events.about = introductions.id and events.after = introductions.state
);

-- name: every_introduction_is_in_the_access_log()$
-- every introduction is in the access log of its member
select count(*) from introductions where not exists (
    select from accesses
    where accesses.person_id = introductions.person_id
        and coalesce(accesses.listing_id, accesses.person_id) = coalesce(introductions.listing_id, introductions.person_id)
        and accesses.what = 'introduction.asked'
);

-- name: open_introductions_are_of_shown_listings()$
-- every introduction that waits for an answer is of a shown listing
select count(*) from introductions left join listings on listings.id = introductions.listing_id
where introductions.state = 'asked' and listings.state is distinct from 'shown';

-- name: old_complaints_hold_no_text()$
-- a complaint that was decided more than a year and two days ago holds no text, no sender, no answer and no notes
select count(*) from complaints
where decided_at < now() - interval '367 days' and (
    forgotten_at is null or answer <> ''
    or exists (
        select from complaint_steps where complaint_steps.complaint_id = complaints.id and complaint_steps.note <> ''
    )
);

-- name: old_concerns_hold_no_text()$
-- what was written to the organizers and closed more than a year and two days ago holds no text and no sender
select count(*) from concerns
where closed_at < now() - interval '367 days' and (
    forgotten_at is null or exists (
        select from concern_steps where concern_steps.concern_id = concerns.id and concern_steps.body <> ''
    )
);

-- name: old_suggestions_are_deleted()$
-- no suggestion is older than a month and a day
select count(*) from suggestions where created_at < now() - interval '31 days';

-- name: every_shown_listing_has_a_license_and_contact()$
-- every shown listing has a license, and a mail address or a link
select count(*) from listings where state = 'shown' and (
    (email = '' and cardinality(links) = 0)
    or not exists (select from licences where licences.listing_id = listings.id)
);

-- name: listings_are_found_where_licensed()$
-- every listing is found in the states of its licenses, and in no other a day after one expired
select count(*) from listings where exists (
    select from unnest(listings.facets) as listed (facet)
    where listed.facet ~ '^(in|at|tele):' and not exists (
        select from licences
        where licences.listing_id = listings.id and licences.area = split_part(listed.facet, ':', 2)
            and licences.status = 'active' and coalesce(licences.expires_on >= (now() at time zone 'utc')::date - 1, true)
    )
) or exists (
    select from licences
    where licences.listing_id = listings.id and licences.status = 'active'
        and coalesce(licences.expires_on >= (now() at time zone 'utc')::date, true)
        and (listings.telehealth or (listings.in_person and licences.area = listings.area))
        and ('in:' || licences.area) <> all(listings.facets)
);

-- name: every_waiting_mail_has_a_job()$
-- every mail that waits has a job that delivers it
select count(*) from mails
where state = 'waiting' and created_at < now() - interval '2 hours' and not exists (
    select from pgqueuer
    where pgqueuer.entrypoint in ('mail.deliver', 'mail.deliver_first') and pgqueuer.status in ('queued', 'picked')
        and pgqueuer.payload = convert_to(jsonb_build_object('mail_id', mails.id)::text, 'UTF8')
);

-- name: every_confirmed_seat_was_told_of()$
-- every confirmed seat ahead has its invite, or a job that sends it
select count(*) from awaited_jobs
where name = 'invites.send' and since < now() - interval '2 hours' and not exists (
    select from pgqueuer
    where pgqueuer.dedupe_key = 'invites.send:' || awaited_jobs.key and pgqueuer.status in ('queued', 'picked')
);

-- name: every_ended_seat_was_told_of()$
-- every seat ahead that somebody ended was told of, or has a job that tells it
select count(*) from awaited_jobs
where name = 'invites.withdraw' and since < now() - interval '2 hours' and not exists (
    select from pgqueuer
    where pgqueuer.dedupe_key = 'invites.withdraw:' || awaited_jobs.key and pgqueuer.status in ('queued', 'picked')
);

-- name: nothing_else_waits_without_a_job()$
-- every held seat to release, list to write, agreement to ask for and closed request to tell of has a job
select count(*) from awaited_jobs
where name not in ('invites.send', 'invites.withdraw') and since < now() - interval '2 hours'
    and not exists (
        select from pgqueuer
        where pgqueuer.dedupe_key = awaited_jobs.name || ':' || awaited_jobs.key
            and pgqueuer.status in ('queued', 'picked')
    )
    and not exists (
        select from pgqueuer
        where pgqueuer.entrypoint = awaited_jobs.name and pgqueuer.status in ('queued', 'picked')
            and pgqueuer.payload = convert_to(awaited_jobs.payload::text, 'UTF8')
    );

-- name: nobody_is_reminded_twice()$
-- no reminder of the same seat and start was sent twice
select count(*) from (
    select booking_id from reminders where sent_at is not null
    group by booking_id, kind, starts_at
    having count(*) > 1
) as doubled;

-- name: reminders_are_of_seats_that_stand()$
-- no reminder was sent after its seat had ended, or after the start; a transaction that ran at the same moment may have
-- an earlier time
select count(*) from reminders join bookings on bookings.id = reminders.booking_id
where reminders.sent_at > least(bookings.ended_at, reminders.starts_at) + interval '5 minutes';

-- name: every_due_mail_to_a_host_is_marked()$
-- what a host's calendar lacks is marked as due, or nobody would send it
select count(*) from host_mails_due as due
join host_entries as entries on entries.gathering_id = due.gathering_id and entries.person_id = due.person_id
where not entries.due;

-- name: community_versions_have_no_gaps()$
-- the versions of the community's settings count from 1 without a gap, and each has its event
select count(*) from community_versions as versions
where (
        versions.number > 1
        and not exists (select from community_versions as before where before.number = versions.number - 1)
    )
    or not exists (select from events where events.about = versions.id and events.what = 'community.published');

-- name: entries_add_up()$
-- the lines of every entry of the ledger add up to nothing, in its currency, and so do all lines of each currency
select count(*) from (
    select entries.id
    from ledger_entries as entries left join ledger_lines as lines on lines.entry_id = entries.id
    group by entries.id
    having coalesce(sum(lines.amount), 1) <> 0 or count(lines.entry_id) <> entries.lines
        or bool_or((lines.currency, lines.at) is distinct from (entries.currency, entries.at))
    union all
    select null from ledger_lines group by currency having sum(amount) <> 0
) as unequal;

-- name: sums_of_months_add_up()$
-- the sums of months that are kept are those of the entries they were made of
select count(*) from (
    select
        circle_id, kind, currency, sum(entries) as entries, sum(gross) as gross, sum(refund) as refund, sum(fee) as fee,
        sum(payout) as payout, sum(paid_out) as paid_out, sum(income) as income, sum(owed) as owed, sum(passes_sold) as passes_sold,
        sum(stripe) as stripe, sum(bank) as bank, sum(cash) as cash, sum(unknown) as unknown
    from ledger_sums group by circle_id, kind, currency
) as kept
full join (
    select
        circle_id, kind, currency, count(*) as entries, sum(gross) as gross, sum(refund) as refund, sum(fee) as fee,
        sum(payout) as payout, sum(paid_out) as paid_out, sum(income) as income, sum(owed) as owed, sum(passes_sold) as passes_sold,
        sum(stripe) as stripe, sum(bank) as bank, sum(cash) as cash, sum(unknown) as unknown
    from ledger_movements where id <= (select up_to from ledger_summed)
    group by circle_id, kind, currency
) as moved on moved.kind = kept.kind and moved.currency = kept.currency
    and coalesce(moved.circle_id, '00000000-0000-0000-0000-000000000000')
    = coalesce(kept.circle_id, '00000000-0000-0000-0000-000000000000')
where to_jsonb(kept) is distinct from to_jsonb(moved);

-- name: every_movement_has_its_entry()$
-- every movement of money for a booking, and all noted cash, has its entry in the ledger with its amount, and these have theirs
select count(*) from (
    select kind, id::text as source, upper(currency) as currency, amount::bigint, at, 'stripe' as account from money_rows
    union all
    select 'cash', id::text, upper(currency), amount, at, 'cash' from cash_rows
) as moved
full join (
    select entries.kind, entries.source, entries.currency, entries.at, lines.account, sum(lines.amount) as amount
    from ledger_entries as entries
    left join ledger_lines as lines on lines.entry_id = entries.id
        and lines.account = case entries.kind when 'cash' then 'cash' else 'stripe' end
    where entries.kind in ('payment', 'refund', 'refund_returned', 'dispute', 'dispute_returned', 'cash')
    group by entries.id, lines.account
) as posted on posted.kind = moved.kind and posted.source = moved.source
where (moved.amount, moved.currency, moved.at, moved.account)
    is distinct from (posted.amount, posted.currency, posted.at, posted.account);

-- name: every_payment_has_a_receipt()$
-- checkouts whose money arrived without a receipt, and receipts of no money
select count(*) from (
    select checkout_id from money_rows where kind = 'payment' group by checkout_id
) as paid
full join (select checkout_id, booking_id, walk_in_id from receipts) as receipts on receipts.checkout_id = paid.checkout_id
where receipts.checkout_id is null and paid.checkout_id is not null
    or paid.checkout_id is null and not exists (
        select from cash_rows
        where cash_rows.booking_id = receipts.booking_id or cash_rows.walk_in_id = receipts.walk_in_id
    );

-- name: payments_are_what_their_money_says()$
-- what organizers read of every payment is what its money, refunds, disputes and fees say
select count(*) from payment_sources as sources
full join payment_facts as facts on facts.checkout_id = sources.checkout_id
where (facts.at, facts.circle_id, facts.currency, facts.state, facts.gross, facts.refunded, facts.taken, facts.waiting, facts.fee)
    is distinct from
    (
        sources.at, sources.circle_id, sources.currency, sources.state, sources.gross, sources.refunded, sources.taken, sources.waiting,
        sources.fee
    );

-- name: sums_of_payments_add_up()$
-- the kept sums of payments are those of the payments, by day, circle, state and currency
select count(*) from (
    select
        day, circle_id, state, currency, sum(payments) as payments, sum(gross) as gross, sum(refunded) as refunded, sum(taken) as taken,
        sum(waiting) as waiting, sum(fee) as fee, sum(without_fee) as without_fee
    from (
        select day, circle_id, state, currency, payments, gross, refunded, taken, waiting, fee, without_fee from payment_sums
        union all
        select
            (at at time zone 'UTC')::date, level.circle_id, state, currency, -1, - gross, - refunded, - taken, - waiting,
            - coalesce(fee, 0), case when fee is null then -1 else 0 end
        from payment_facts as facts
        cross join lateral (values (facts.circle_id), ('00000000-0000-0000-0000-000000000000')) as level (circle_id)
    ) as both_sides
    group by day, circle_id, state, currency
) as compared
where (payments, gross, refunded, taken, waiting, fee, without_fee) <> (0, 0, 0, 0, 0, 0, 0);

-- name: refunds_by_hand_are_what_was_asked()$
-- every refund by hand that was carried out has its refunds, and no other has any; of each there is an event row
select count(*) from refunds_by_hand as by_hand
left join (
    select distinct by_hand from operations where by_hand is not null
) as refunds on refunds.by_hand = by_hand.id
left join (
    select distinct details ->> 'by_hand' as by_hand from events
    where what in ('refund.by_hand', 'refund.by_hand_asked')
) as told on told.by_hand = by_hand.id::text
where (by_hand.state = 'done') <> (refunds.by_hand is not null) or told.by_hand is null;

-- name: transfers_are_posted()$
-- whatever went to an account at Stripe or came back has its entry in the ledger with its amount
select count(*) from transfer_rows
where not exists (
    select from ledger_entries as entries join ledger_lines as lines on lines.entry_id = entries.id
    where entries.kind = transfer_rows.kind and entries.source = transfer_rows.id::text and lines.account = 'stripe'
        and lines.amount = - transfer_rows.amount and entries.currency = transfer_rows.currency
);

-- name: transfers_give_back_what_they_brought()$
-- no transfer gave back more than it brought, and none without its own row
select count(*) from (
    select transfer_id from transfer_rows group by transfer_id
    having sum(amount) < 0 or count(*) filter (where kind = 'transfer') <> 1
) as wrong;

-- name: accounts_have_no_more_than_their_part()$
-- once it was compared and no call is open, an account has of a payment no more than its facilitator's part
select count(*) from connected_payments as payments
where payments.settle_at is null and payments.given_up_at is null
    and not exists (
        select from connect_operations as calls
        where calls.checkout_id = payments.checkout_id and (calls.state <> 'done' or calls.settled_at is not null)
    )
    and (
        select coalesce(sum(transfer_rows.amount), 0) from transfer_rows where transfer_rows.checkout_id = payments.checkout_id
    ) > (
        select coalesce(sum(share_rows.part), 0) from payment_shares
        join share_rows on share_rows.share_id = payment_shares.id
        where payment_shares.checkout_id = payments.checkout_id
    );

-- name: payments_of_passes_never_begun_are_refunded()$
-- what was paid for a pass that lapsed was refunded, or its refund is due or for a person to settle
select count(*) from passes
left join (
    select pass_id, sum(amount) as amount from money_rows where pass_id is not null group by pass_id
) as paid on paid.pass_id = passes.id
left join (
    select pass_id, sum(amount - covered) as amount from operations
    where kind = 'refund' and state in ('due', 'failed') and pass_id is not null group by pass_id
) as due on due.pass_id = passes.id
where passes.state = 'lapsed' and greatest(0, coalesce(paid.amount, 0)) <> coalesce(due.amount, 0);

-- name: every_pass_in_use_was_paid()$
-- every pass that was ever in use was paid with its whole amount
select count(*) from passes
left join (
    select pass_id, sum(amount) as amount from money_rows where pass_id is not null and kind = 'payment' group by pass_id
) as paid on paid.pass_id = passes.id
where passes.state in ('active', 'ended') and passes.amount <> coalesce(paid.amount, 0);

-- name: uses_of_passes_are_counted()$
-- a pass counts the gatherings taken of it, each place once and none beyond those it was sold with, and they are worth no more than
-- it cost
select count(*) from passes
left join (
    select pass_id, count(*) as used, max(place) as last, sum(value) as value
    from pass_uses where state <> 'given_back' group by pass_id
) as taken on taken.pass_id = passes.id
where passes.used <> coalesce(taken.used, 0) or coalesce(taken.last, 0) > passes.uses
    or coalesce(taken.value, 0) > passes.amount;

-- name: uses_are_of_their_pass()$
-- a seat on a pass costs nothing by itself, and is of the person, or of an account joined to theirs, and of the circle of its pass
select count(*) from pass_uses
join passes on passes.id = pass_uses.pass_id
join bookings on bookings.id = pass_uses.booking_id
join gatherings on gatherings.id = bookings.gathering_id
join people on people.id = bookings.person_id
where passes.person_id not in (people.id, coalesce(people.merged_into, people.id)) or gatherings.circle_id <> passes.circle_id or bookings.kind <> 'free'
    or passes.state in ('held', 'lapsed');

-- name: seats_on_passes_that_ended_are_decided()$
-- whether the use of a seat that ended came back is decided within two hours
select count(*) from pass_uses join bookings on bookings.id = pass_uses.booking_id
where (pass_uses.state = 'used' and bookings.state <> 'confirmed' and bookings.ended_at < now() - interval '2 hours')
    or (pass_uses.state <> 'used' and bookings.state = 'confirmed');

-- name: passes_end_with_their_time()$
-- no pass is in use a day after its time, and none is held a day after its time to pay, unless a bank or a person still decides
select count(*) from passes_with_money as passes
where (passes.state = 'active' and passes.valid_until < now() - interval '1 day')
    or (passes.state = 'held' and passes.held_until < now() - interval '1 day' and passes.payment_waits = '');

-- name: every_pass_has_an_event()$
-- every pass has an event row of its present state
select count(*) from passes where not exists (
    select from events where events.about = passes.id and events.after = passes.state
);

-- name: transactions_are_posted()$
-- every fee, payout and unassigned amount of Stripe's transactions, and what settling a difference added, has its entries in the
-- ledger with its amount, and these have theirs
select count(*) from (
    select transactions.id, transactions.currency, posted.fees, posted.bank, posted.unassigned
    from balance_transactions as transactions
    cross join lateral postings_of(transactions.place, transactions.amount, transactions.fee, transactions.own_amount) as posted
    where (posted.fees, posted.bank, posted.unassigned) <> (0, 0, 0)
    union all
    select id::text, currency, 0, 0, - posted from reconciliation_differences where posted <> 0
) as expected
full join (
    select
        split_part(split_part(entries.source, ':', 1), '@', 1) as id, entries.currency,
        coalesce(sum(lines.amount) filter (where lines.account = 'fees'), 0) as fees,
        coalesce(sum(lines.amount) filter (where lines.account = 'bank'), 0) as bank,
        coalesce(sum(lines.amount) filter (where lines.account = 'unknown'), 0) as unassigned
    from ledger_entries as entries join ledger_lines as lines on lines.entry_id = entries.id
    where entries.kind in ('fee', 'payout', 'payout_returned', 'unassigned')
    group by 1, entries.currency
    having count(*) filter (where lines.account not in ('fees', 'bank', 'unknown', 'stripe')) > 0
        or sum(lines.amount) filter (where lines.account = 'fees') <> 0
        or sum(lines.amount) filter (where lines.account = 'bank') <> 0
        or sum(lines.amount) filter (where lines.account = 'unknown') <> 0
) as posted on posted.id = expected.id and posted.currency = expected.currency
where (expected.fees, expected.bank, expected.unassigned) is distinct from (posted.fees, posted.bank, posted.unassigned);

-- name: what_stripe_holds_is_explained()$
-- in each currency the ledger says that Stripe holds what all transactions of Stripe's that were assigned add up to, with movements of
-- ours that Stripe did not list, and what settling a difference added
select count(*) from (
    select currency from (
        select currency, amount from ledger_lines where account = 'stripe'
        union all
        select currency, - net from balance_transactions where place is not null
        union all
        select upper(money_rows.currency), - money_rows.amount from money_rows
        where not exists (
            select from balance_transactions as listed
            where listed.place = money_rows.kind and listed.own_key = case money_rows.kind
                when 'payment' then money_rows.checkout_id::text else split_part(money_rows.stripe_id, ':', 1)
            end
        )
        union all
        select upper(transfer_rows.currency), transfer_rows.amount from transfer_rows
        where not exists (
            select from balance_transactions as listed
            where listed.place = 'transfer' and listed.own_key = transfer_rows.stripe_id
        )
        union all
        select currency, - posted from reconciliation_differences
    ) as held (currency, amount)
    group by currency having sum(amount) <> 0
) as unexplained;

-- name: the_last_reconciliation_agrees()$
-- what Stripe said that it holds at the end of the last reconciliation is what its transactions add up to, and what the ledger said,
-- or what differs is listed for a person or settled by one
select count(*) from reconciliation_balances as balances
where balances.run_id = (
    select id from reconciliation_runs where outcome = 'done' order by ended_at desc limit 1
) and (
    balances.stripe <> balances.listed and not exists (
        select from reconciliation_differences as differences
        where differences.kind = 'balance_differs' and differences.about = balances.currency
            and (
                differences.ended_at is null
                or differences.ended = 'settled' and differences.posted = balances.stripe - balances.listed
            )
    )
);

-- name: every_entry_is_of_a_known_kind()$
-- every entry of the ledger is of a kind that some table posts, and its source is there; amounts are compared by other checks
select count(*) from ledger_entries as entries
left join (
    select 'share' as kind, id::text as source from share_rows
    union all
    select 'cash_share', id::text from cash_rows
    union all
    select 'hand_payout', id::text from hand_payouts
    union all
    select kind, id::text from transfer_rows
    union all
    select 'pass_settled', id::text from passes
    union all
    select 'pass_share', id::text from ledger_entries where kind = 'pass_settled'
    union all
    select kind, id::text from money_rows
    union all
    select 'cash', id::text from cash_rows
    union all
    select kinds.kind, transactions.id
    from balance_transactions as transactions
    cross join (values ('fee'), ('payout'), ('payout_returned'), ('unassigned')) as kinds (kind)
    union all
    select 'unassigned', id::text from reconciliation_differences
) as sources on sources.kind = entries.kind and sources.source = split_part(split_part(entries.source, ':', 1), '@', 1)
where sources.source is null;
