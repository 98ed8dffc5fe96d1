-- The facilitator's part of a pass: it becomes due as the pass becomes income of its circle, gathering by gathering.

-- part: of the whole pass, as if each of its gatherings were paid for by itself; by the terms in force when its checkout was made.
create table pass_shares (
    id uuid primary key default gen_random_uuid(),
    pass_id uuid not null references passes (id),
    circle_id uuid not null references circles (id),
    facilitator_id uuid not null references people (id),
    terms_id uuid references share_terms (id),
    amount integer not null,
    part integer not null,
    currency text not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint pass_share_once unique (pass_id),
    constraint pass_share_amount_positive check (amount > 0),
    constraint pass_share_part_within check (part between 0 and amount)
);
create index pass_shares_circle on pass_shares (circle_id);
create index pass_shares_facilitator on pass_shares (facilitator_id);
create index pass_shares_terms on pass_shares (terms_id);
create trigger pass_shares_written_once before update or delete on pass_shares
for each row execute function refuse_change_but('facilitator_id');

-- What each change of a pass's income did to the part; entry_id: of the ledger. part, seats, statement_id: as in share_rows.
create table pass_share_rows (
    entry_id bigint primary key,
    share_id uuid not null references pass_shares (id),
    at timestamptz not null,
    amount integer not null,
    part integer not null,
    seats smallint not null,
    statement_id uuid
);
create index pass_share_rows_share on pass_share_rows (share_id);
create index pass_share_rows_not_stated on pass_share_rows (at) where statement_id is null;
create index pass_share_rows_statement on pass_share_rows (statement_id) where statement_id is not null;
create trigger pass_share_rows_append_only before update or delete on pass_share_rows
for each row execute function keep_share_row();

-- An entry said what of a pass is income now: the part follows. Its row is locked, so that two at once count one after the other.
create function follow_pass() returns trigger language plpgsql as $$
declare
    share pass_shares;
    income bigint;
    row_amount bigint;
    row_part bigint;
    row_seats bigint;
begin
    insert into pass_shares (pass_id, circle_id, facilitator_id, terms_id, amount, part, currency)
    select
        passes.id, passes.circle_id, hosts.person_id, terms.id, passes.amount,
        coalesce(
            (passes.uses - passes.amount % passes.uses)
            * facilitator_part(passes.amount / passes.uses, terms.percent, terms.flat, terms.at_most)
            + passes.amount % passes.uses
            * facilitator_part(passes.amount / passes.uses + 1, terms.percent, terms.flat, terms.at_most), 0
        ),
        passes.currency
    from passes
    join hosts on hosts.circle_id = passes.circle_id and hosts.part = 'lead'
    left join checkout_lines as lines on lines.pass_id = passes.id
    left join checkouts on checkouts.id = lines.checkout_id
    left join lateral terms_of(
        passes.circle_id, passes.currency, coalesce(checkouts.created_at, passes.created_at)
    ) as terms on true
    where passes.id = new.pass_id
    on conflict (pass_id) do nothing;
    select pass_shares.* into share from pass_shares where pass_shares.pass_id = new.pass_id for no key update;
    if share.id is null then
        return null;
    end if;
    select coalesce(sum(- lines.amount), 0) into income
    from ledger_entries as entries
    join ledger_lines as lines on lines.entry_id = entries.id and lines.account = 'sales'
    where entries.pass_id = new.pass_id and entries.kind = 'pass_settled';
    select
        income - coalesce(sum(rows.amount), 0),
        part_left(share.part, share.amount, share.amount - income) - coalesce(sum(rows.part), 0),
        (
            select count(*) from pass_uses where pass_uses.pass_id = new.pass_id and pass_uses.state <> 'given_back'
        ) - coalesce(sum(rows.seats), 0)
    into row_amount, row_part, row_seats
    from pass_share_rows as rows where rows.share_id = share.id;
    insert into pass_share_rows (entry_id, share_id, at, amount, part, seats)
    values (new.id, share.id, new.at, row_amount, row_part, row_seats)
    on conflict (entry_id) do nothing;
    perform post_entry(
        'pass_share', new.id::text, share.currency, share.circle_id, null, array['sales', 'facilitators'],
        array[share.circle_id, share.facilitator_id], array[row_part, - row_part], new.at, new.pass_id
    );
    return null;
end
$$;
-- At the end of the transaction, when the lines of the entry are there.
create constraint trigger ledger_entries_follow_pass after insert on ledger_entries
deferrable initially deferred
for each row when (new.kind = 'pass_settled') execute function follow_pass();

-- See 0431; with passes, which are paid by card. is_least, is_most: whether it is the end of what could be paid, so that a total of
-- such amounts alone tells what each of them is.
create or replace view unstated_shares as
select
    share_rows.at, 'card' as way, shares.circle_id, shares.facilitator_id, shares.currency,
    coalesce(people.merged_into, bookings.person_id) as payer, share_rows.amount, share_rows.part, share_rows.seats,
    case when shares.account is null then 0 else share_rows.part end as transferred, 0 as held,
    share_rows.id as share_row_id, null::uuid as cash_row_id, null::bigint as pass_entry_id,
    bookings.amount <= bookings.scale_minimum as is_least, bookings.amount >= bookings.scale_maximum as is_most
from share_rows
join payment_shares as shares on shares.id = share_rows.share_id
join bookings on bookings.id = shares.booking_id
join people on people.id = bookings.person_id
where share_rows.statement_id is null
union all
select
    rows.at, 'cash', shares.circle_id, shares.facilitator_id, shares.currency,
    coalesce(people.merged_into, bookings.person_id, walk_ins.person_id, walk_ins.id), rows.amount, rows.part, rows.seats,
    0, rows.amount, null, rows.cash_row_id, null, false, false
from cash_share_rows as rows
join cash_shares as shares on shares.id = rows.share_id
left join bookings on bookings.id = shares.booking_id
left join walk_ins on walk_ins.id = shares.walk_in_id
left join people on people.id = coalesce(bookings.person_id, walk_ins.person_id)
where rows.statement_id is null
union all
select
    rows.at, 'card', shares.circle_id, shares.facilitator_id, shares.currency,
    coalesce(people.merged_into, passes.person_id), rows.amount, rows.part, rows.seats,
    0, 0, null, null, rows.entry_id, passes.amount <= offers.minimum, passes.amount >= offers.maximum
from pass_share_rows as rows
join pass_shares as shares on shares.id = rows.share_id
join passes on passes.id = shares.pass_id
join pass_offers as offers on offers.id = passes.offer_id
join people on people.id = passes.person_id
where rows.statement_id is null;
