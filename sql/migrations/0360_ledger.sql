-- The ledger in double entry: what every movement of money means, derived from the tables that record it, by their triggers.

-- kind, source: the kind of what moved, and the id of its row in the table that records it; each has one entry. at: when it moved.
-- lines: how many lines the entry has, so that none can be added to it later.
create table ledger_entries (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    posted_at timestamptz not null default clock_timestamp(),
    kind text not null,
    source text not null,
    currency text not null,
    circle_id uuid,
    booking_id uuid,
    pass_id uuid,
    lines smallint not null,
    constraint entry_kind_is_a_word check (kind ~ '^[a-z_]+$'),
    constraint entry_has_source check (source <> ''),
    constraint entry_currency_form check (currency ~ '^[A-Z]{3}$'),
    constraint entry_has_lines check (lines >= 2)
);

-- account: `stripe` (what Stripe holds for the community), `bank` (payouts that arrived), `cash` (with hosts), `sales` (income; owner: its
-- circle), `fees` (Stripe's), `facilitators` (owed to them; owner: the person), `passes` (sold and not used yet; owner: its circle),
-- `unknown` (money at Stripe that nobody has assigned yet). amount: a debit is positive, a credit negative. at, currency: of
-- the entry, so that an index answers sums by account, owner, currency and time.
create table ledger_lines (
    entry_id bigint not null,
    position smallint not null,
    account text not null,
    owner_id uuid,
    amount bigint not null,
    currency text not null,
    at timestamptz not null,
    constraint line_account_known check (
        account in ('stripe', 'bank', 'cash', 'sales', 'fees', 'facilitators', 'passes', 'unknown')
    ),
    constraint line_moves_something check (amount <> 0)
);

-- Every entry has its lines, in its currency and of its time, and they add up to nothing.
create function refuse_unbalanced_entry() returns trigger language plpgsql as $$
declare
    entry ledger_entries%rowtype;
begin
    select * into entry from ledger_entries
    where id = case tg_table_name when 'ledger_entries' then (to_jsonb(new) ->> 'id') else (to_jsonb(new) ->> 'entry_id') end::bigint;
    if (
        select count(*) <> entry.lines or sum(amount) <> 0 or bool_or((currency, at) is distinct from (entry.currency, entry.at))
        from ledger_lines where entry_id = entry.id
    ) then
        raise exception 'the lines of ledger entry % (% %) do not add up', entry.id, entry.kind, entry.source
        using errcode = 'integrity_constraint_violation', constraint = 'entry_adds_up';
    end if;
    return null;
end
$$;

-- Post an entry: the id of the new one, or of the one that this source has already; null where nothing moved. amounts: minor units, a
-- debit positive, a credit negative, one for each account and its owner; lines of nothing are left out.
create function post_entry(
    kind text, source text, currency text, circle uuid, booking uuid, accounts text [], owners uuid [], amounts bigint [],
    at timestamptz default clock_timestamp(), pass uuid default null
) returns bigint language plpgsql as $$
declare
    entry bigint;
    moved integer := (select count(*) from unnest(post_entry.amounts) as each (amount) where each.amount <> 0);
begin
    if moved = 0 then
        return null;
    end if;
    insert into ledger_entries as entries (at, kind, source, currency, circle_id, booking_id, pass_id, lines)
    values (
        post_entry.at, post_entry.kind, post_entry.source, upper(post_entry.currency), post_entry.circle, post_entry.booking,
        post_entry.pass, moved
    )
    on conflict on constraint entry_once do nothing
    returning entries.id into entry;
    if entry is null then
        return (
            select entries.id from ledger_entries as entries
            where entries.kind = post_entry.kind and entries.source = post_entry.source
        );
    end if;
    insert into ledger_lines (entry_id, position, account, owner_id, amount, currency, at)
    select
        entry, row_number() over (order by line.position), line.account, line.owner, line.amount, upper(post_entry.currency),
        post_entry.at
    from unnest(post_entry.accounts, post_entry.owners, post_entry.amounts)
        with ordinality as line (account, owner, amount, position)
    where line.amount <> 0;
    return entry;
end
$$;

-- What moved at Stripe for a booking: what came is income of its circle, what went back takes it away.
create function post_money_row() returns trigger language plpgsql as $$
declare
    circle constant uuid := (
        select gatherings.circle_id from bookings join gatherings on gatherings.id = bookings.gathering_id
        where bookings.id = new.booking_id
    );
begin
    perform post_entry(
        new.kind, new.id::text, new.currency, circle, new.booking_id, array['stripe', 'sales'], array[null, circle],
        array[new.amount, - new.amount], new.at
    );
    return null;
end
$$;
create trigger money_rows_post after insert on money_rows
for each row execute function post_money_row();

-- Cash that a host noted, of a booking or of somebody who came without one.
create function post_cash_row() returns trigger language plpgsql as $$
declare
    circle constant uuid := (
        select gatherings.circle_id from gatherings
        where gatherings.id = coalesce(
            (select bookings.gathering_id from bookings where bookings.id = new.booking_id),
            (select walk_ins.gathering_id from walk_ins where walk_ins.id = new.walk_in_id)
        )
    );
begin
    perform post_entry(
        'cash', new.id::text, new.currency, circle, new.booking_id, array['cash', 'sales'], array[null, circle],
        array[new.amount, - new.amount], new.at
    );
    return null;
end
$$;
create trigger cash_rows_post after insert on cash_rows
for each row execute function post_cash_row();

-- What moved before this ledger. The triggers above hold back whoever adds a row meanwhile, so none is missed. Keys and indexes follow
-- the rows, which is faster.
insert into ledger_entries (at, kind, source, currency, circle_id, booking_id, lines)
select moved.at, moved.kind, moved.source, moved.currency, gatherings.circle_id, moved.booking_id, 2
from (
    select at, kind, id::text as source, upper(currency) as currency, booking_id, null::uuid as walk_in_id from money_rows
    union all
    select at, 'cash', id::text, upper(currency), booking_id, walk_in_id from cash_rows
) as moved
left join bookings on bookings.id = moved.booking_id
left join walk_ins on walk_ins.id = moved.walk_in_id
left join gatherings on gatherings.id = coalesce(bookings.gathering_id, walk_ins.gathering_id)
order by moved.at;

insert into ledger_lines (entry_id, position, account, owner_id, amount, currency, at)
select
    entries.id, line.position, line.account, case line.account when 'sales' then entries.circle_id end,
    moved.amount * line.sign, entries.currency, entries.at
from (
    select kind, id::text as source, amount, 'stripe' as holder from money_rows
    union all
    select 'cash', id::text, amount, 'cash' from cash_rows
) as moved
join ledger_entries as entries on entries.kind = moved.kind and entries.source = moved.source
cross join lateral (values (1, moved.holder, 1), (2, 'sales', -1)) as line (position, account, sign);

alter table ledger_entries add constraint entry_once unique (kind, source);
alter table ledger_lines add primary key (entry_id, position);
alter table ledger_lines add constraint line_of_an_entry foreign key (entry_id) references ledger_entries (id);
create index ledger_entries_at on ledger_entries (at, id);
create index ledger_entries_circle on ledger_entries (circle_id, at) where circle_id is not null;
create index ledger_entries_booking on ledger_entries (booking_id) where booking_id is not null;
create index ledger_entries_pass on ledger_entries (pass_id) where pass_id is not null;
create index ledger_lines_sums on ledger_lines (account, currency, at) include (owner_id, amount);
create index ledger_lines_owner on ledger_lines (owner_id, account, at) include (currency, amount)
where owner_id is not null;

create constraint trigger entries_add_up after insert on ledger_entries
deferrable initially deferred
for each row execute function refuse_unbalanced_entry();
create constraint trigger lines_add_up after insert on ledger_lines
deferrable initially deferred
for each row execute function refuse_unbalanced_entry();
create trigger ledger_entries_append_only before update or delete on ledger_entries
for each row execute function refuse_change();
create trigger ledger_lines_append_only before update or delete on ledger_lines
for each row execute function refuse_change();
create trigger ledger_entries_not_emptied before truncate on ledger_entries
for each statement execute function refuse_change();
create trigger ledger_lines_not_emptied before truncate on ledger_lines
for each statement execute function refuse_change();
