-- Parts of cash, statements of each month, and what was paid out by hand.

-- Every payment has its row from now on, also without terms: its part is nothing then, and statements count it.
-- squawk-ignore ban-drop-not-null
alter table payment_shares alter column terms_id drop not null;

-- seats: 1 where a seat became paid, -1 where all of its payment went back. statement_id: the statement that counts the row.
alter table share_rows add column seats smallint not null default 0;
alter table share_rows add column statement_id uuid;
-- squawk-ignore require-concurrent-index-creation
create index share_rows_not_stated on share_rows (at) where statement_id is null;
-- squawk-ignore require-concurrent-index-creation
create index share_rows_statement on share_rows (statement_id) where statement_id is not null;

-- A row is counted by one statement, for good.
create function keep_share_row() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or to_jsonb(new) - 'statement_id' is distinct from to_jsonb(old) - 'statement_id'
        or old.statement_id is not null
    then
        raise exception 'rows of % are append-only', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
drop trigger share_rows_append_only on share_rows;
create trigger share_rows_append_only before update or delete on share_rows
for each row execute function keep_share_row();

-- See 0430; with a row for payments without terms as well.
create or replace function add_shares(checkout uuid, connected text default null) returns bigint language plpgsql as $$
begin
    insert into payment_shares (
        checkout_id, booking_id, circle_id, facilitator_id, terms_id, amount, part, currency, account
    )
    select
        lines.checkout_id, lines.booking_id, gatherings.circle_id, hosts.person_id, terms.id, lines.amount,
        coalesce(
            facilitator_part(before.amount + lines.amount, terms.percent, terms.flat, terms.at_most)
            - facilitator_part(before.amount, terms.percent, terms.flat, terms.at_most), 0
        ),
        checkouts.currency, case when terms.id is not null then connected end
    from checkout_lines as lines
    join checkouts on checkouts.id = lines.checkout_id
    join bookings on bookings.id = lines.booking_id
    join gatherings on gatherings.id = bookings.gathering_id
    join hosts on hosts.circle_id = gatherings.circle_id and hosts.part = 'lead'
    left join lateral terms_of(gatherings.circle_id, checkouts.currency, checkouts.created_at) as terms on true
    cross join lateral (
        select case when lines.is_addition then greatest(coalesce(sum(money_rows.amount), 0), 0) else 0 end as amount
        from money_rows
        where money_rows.booking_id = lines.booking_id and money_rows.checkout_id <> lines.checkout_id
    ) as before
    where lines.checkout_id = checkout
    order by lines.position
    on conflict (checkout_id, booking_id) do nothing;
    update payment_shares set account = connected
    where checkout_id = checkout and account is distinct from connected and terms_id is not null
        and not exists (select from share_rows where share_rows.share_id = payment_shares.id);
    return coalesce((select sum(part) from payment_shares where checkout_id = checkout), 0);
end
$$;

-- See 0430; with the seats that became paid, or are not any more.
create or replace function follow_money() returns trigger language plpgsql as $$
declare
    share payment_shares;
    before bigint;
    row_part bigint;
    row_id bigint;
    is_first boolean;
begin
    if new.kind = 'payment' and not exists (select from payment_shares where checkout_id = new.checkout_id) then
        perform add_shares(new.checkout_id);
    end if;
    select payment_shares.* into share from payment_shares
    where payment_shares.checkout_id = new.checkout_id and payment_shares.booking_id = new.booking_id
    for no key update;
    if share.id is null then
        return null;
    end if;
    select
        coalesce(sum(share_rows.amount), 0),
        part_left(share.part, share.amount, share.amount - coalesce(sum(share_rows.amount), 0) - new.amount)
        - coalesce(sum(share_rows.part), 0)
    into before, row_part
    from share_rows where share_rows.share_id = share.id;
    is_first := not exists (
        select from checkout_lines as lines
        where lines.checkout_id = share.checkout_id and lines.booking_id = share.booking_id and lines.is_addition
    );
    insert into share_rows (at, share_id, money_row_id, amount, part, seats)
    values (
        new.at, share.id, new.id, new.amount, row_part,
        case when is_first then (before + new.amount > 0)::int - (before > 0)::int else 0 end
    )
    returning id into row_id;
    perform post_entry(
        'share', row_id::text, new.currency, share.circle_id, share.booking_id, array['sales', 'facilitators'],
        array[share.circle_id, share.facilitator_id], array[row_part, - row_part], new.at
    );
    return null;
end
$$;

-- Cash of a seat, or of somebody who came without one, to a circle with terms: it is with the circle's lead, and counts as paid to
-- them. Written once, with the first of it.
create table cash_shares (
    id uuid primary key default gen_random_uuid(),
    booking_id uuid references bookings (id),
    walk_in_id uuid references walk_ins (id),
    circle_id uuid not null references circles (id),
    facilitator_id uuid not null references people (id),
    terms_id uuid not null references share_terms (id),
    currency text not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint cash_share_of_one_seat check ((booking_id is null) <> (walk_in_id is null)),
    constraint cash_share_once_per_booking unique (booking_id),
    constraint cash_share_once_per_walk_in unique (walk_in_id)
);
create index cash_shares_circle on cash_shares (circle_id);
create index cash_shares_facilitator on cash_shares (facilitator_id);
create index cash_shares_terms on cash_shares (terms_id);
create trigger cash_shares_written_once before update or delete on cash_shares
for each row execute function refuse_change_but('facilitator_id');

-- What each row of cash did to the part of it. part, seats, statement_id: as in share_rows.
create table cash_share_rows (
    cash_row_id uuid primary key references cash_rows (id),
    share_id uuid not null references cash_shares (id),
    at timestamptz not null,
    amount integer not null,
    part integer not null,
    seats smallint not null,
    statement_id uuid
);
create index cash_share_rows_share on cash_share_rows (share_id);
create index cash_share_rows_not_stated on cash_share_rows (at) where statement_id is null;
create index cash_share_rows_statement on cash_share_rows (statement_id) where statement_id is not null;
create trigger cash_share_rows_append_only before update or delete on cash_share_rows
for each row execute function keep_share_row();

-- Cash was noted: its part is owed to the lead, who has all of it already.
create function follow_cash() returns trigger language plpgsql as $$
declare
    share cash_shares;
    terms share_terms;
    before bigint;
    row_part bigint;
begin
    select cash_shares.* into share from cash_shares
    where cash_shares.booking_id = new.booking_id or cash_shares.walk_in_id = new.walk_in_id
    for no key update;
    if share.id is null then
        insert into cash_shares (booking_id, walk_in_id, circle_id, facilitator_id, terms_id, currency)
        select new.booking_id, new.walk_in_id, gatherings.circle_id, hosts.person_id, in_force.id, new.currency
        from gatherings
        join hosts on hosts.circle_id = gatherings.circle_id and hosts.part = 'lead'
        cross join terms_of(gatherings.circle_id, new.currency, new.at) as in_force
        where gatherings.id = coalesce(
            (select bookings.gathering_id from bookings where bookings.id = new.booking_id),
            (select walk_ins.gathering_id from walk_ins where walk_ins.id = new.walk_in_id)
        ) and not exists (
            -- cash of before the terms stays out, with all that corrects it
            select from cash_rows as former
            where former.id <> new.id and (former.booking_id = new.booking_id or former.walk_in_id = new.walk_in_id)
        )
        returning * into share;
    end if;
    if share.id is null then
        return null;
    end if;
    select share_terms.* into terms from share_terms where share_terms.id = share.terms_id;
    select
        coalesce(sum(rows.amount), 0),
        facilitator_part(
            greatest(coalesce(sum(rows.amount), 0) + new.amount, 0), terms.percent, terms.flat, terms.at_most
        ) - coalesce(sum(rows.part), 0)
    into before, row_part
    from cash_share_rows as rows where rows.share_id = share.id;
    insert into cash_share_rows (cash_row_id, share_id, at, amount, part, seats)
    values (
        new.id, share.id, new.at, new.amount, row_part, (before + new.amount > 0)::int - (before > 0)::int
    );
    perform post_entry(
        'cash_share', new.id::text, new.currency, share.circle_id, share.booking_id,
        array['sales', 'facilitators', 'facilitators', 'cash'],
        array[share.circle_id, share.facilitator_id, share.facilitator_id, null],
        array[row_part, - row_part, new.amount, - new.amount], new.at
    );
    return null;
end
$$;
create trigger cash_rows_share after insert on cash_rows
for each row execute function follow_cash();

-- What is not in a statement yet, by card and in cash. payer: the person, or the walk-in without an account. transferred: of the
-- part, what a connected account got with the payment. held: of the money, what the facilitator has already.
create view unstated_shares as
select
    share_rows.at, 'card' as way, shares.circle_id, shares.facilitator_id, shares.currency,
    coalesce(people.merged_into, bookings.person_id) as payer, share_rows.amount, share_rows.part, share_rows.seats,
    case when shares.account is null then 0 else share_rows.part end as transferred, 0 as held,
    share_rows.id as share_row_id, null::uuid as cash_row_id
from share_rows
join payment_shares as shares on shares.id = share_rows.share_id
join bookings on bookings.id = shares.booking_id
join people on people.id = bookings.person_id
where share_rows.statement_id is null
union all
select
    rows.at, 'cash', shares.circle_id, shares.facilitator_id, shares.currency,
    coalesce(people.merged_into, bookings.person_id, walk_ins.person_id, walk_ins.id), rows.amount, rows.part, rows.seats,
    0, rows.amount, null, rows.cash_row_id
from cash_share_rows as rows
join cash_shares as shares on shares.id = rows.share_id
left join bookings on bookings.id = shares.booking_id
left join walk_ins on walk_ins.id = shares.walk_in_id
left join people on people.id = coalesce(bookings.person_id, walk_ins.person_id)
where rows.statement_id is null;

-- The months that are closed: their statements never change. until: when the month ended on the community's clock.
create table statement_months (
    month date primary key,
    until timestamptz not null,
    closed_at timestamptz not null default clock_timestamp(),
    constraint statement_month_begins_on_the_first check (extract(day from month) = 1)
);
create trigger statement_months_append_only before update or delete on statement_months
for each row execute function refuse_change();

-- A facilitator's statement of a month in a currency, and its lines: one for each circle, and for cash of it, where enough people paid.
create table statements (
    id uuid primary key default gen_random_uuid(),
    facilitator_id uuid not null references people (id),
    month date not null references statement_months (month),
    currency text not null,
    created_at timestamptz not null default clock_timestamp()
);
create index statements_facilitator on statements (facilitator_id, month desc);
create index statements_month on statements (month);
create trigger statements_append_only before update or delete on statements
for each row execute function refuse_change_but('facilitator_id');

-- amount: what came, less what went back. fees: Stripe's, for information; null where they were not known. part: the facilitator's.
-- transferred: of it, what a connected account got with each payment. held: cash that they have.
create table statement_lines (
    statement_id uuid not null references statements (id),
    circle_id uuid not null references circles (id),
    way text not null,
    seats integer not null,
    amount bigint not null,
    fees bigint,
    part bigint not null,
    transferred bigint not null,
    held bigint not null,
    since timestamptz not null,
    primary key (statement_id, circle_id, way),
    constraint statement_way_known check (way in ('card', 'cash')),
    constraint statement_fees_of_cards check (way = 'card' or fees is null)
);
create index statement_lines_circle on statement_lines (circle_id);
-- Fees that were not known are added once they are.
create function keep_statement_line() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or to_jsonb(new) - 'fees' is distinct from to_jsonb(old) - 'fees' or old.fees is not null then
        raise exception 'a statement never changes' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
create trigger statement_lines_append_only before update or delete on statement_lines
for each row execute function keep_statement_line();
-- squawk-ignore require-concurrent-index-creation
create index statement_lines_without_fees on statement_lines (since) where way = 'card' and fees is null;

-- What an organizer noted as paid to a facilitator outside Stripe. A correction takes back one that was noted, whole, and is a new row.
create table hand_payouts (
    id uuid primary key,
    at timestamptz not null default clock_timestamp(),
    facilitator_id uuid not null references people (id),
    currency text not null,
    amount bigint not null,
    paid_on date not null,
    way text not null default '',
    reference text not null default '',
    reason text not null default '',
    corrects uuid references hand_payouts (id),
    noted_by uuid references people (id),
    constraint hand_payout_currency_form check (currency ~ '^[A-Z]{3}$'),
    constraint hand_payout_sign check (amount <> 0 and (amount < 0) = (corrects is not null)),
    constraint hand_payout_sane check (amount between -100000000 and 100000000),
    constraint hand_payout_corrected_once unique (corrects),
    constraint hand_payout_correction_has_reason check (corrects is null or reason <> ''),
    constraint hand_payout_text_length check (
        char_length(way) <= 60 and char_length(reference) <= 100 and char_length(reason) <= 300
    )
);
create index hand_payouts_facilitator on hand_payouts (facilitator_id, at desc);
create index hand_payouts_noted_by on hand_payouts (noted_by);
-- What was typed may be emptied, when somebody is erased.
create trigger hand_payouts_append_only before update or delete on hand_payouts
for each row execute function refuse_change_but('facilitator_id', 'noted_by', 'reference', 'reason');

create function post_hand_payout() returns trigger language plpgsql as $$
begin
    perform post_entry(
        'hand_payout', new.id::text, new.currency, null, null, array['facilitators', 'bank'], array[new.facilitator_id, null],
        array[new.amount, - new.amount], new.at
    );
    return null;
end
$$;
create trigger hand_payouts_post after insert on hand_payouts
for each row execute function post_hand_payout();
