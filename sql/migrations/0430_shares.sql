-- What the community keeps of a payment, and what is due to a facilitator: the circle's lead.

-- The rows of a table are never changed, but for the columns that are named: references to people, which follow joined accounts.
create function refuse_change_but() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or to_jsonb(new) - tg_argv is distinct from to_jsonb(old) - tg_argv then
        raise exception 'rows of % are append-only', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;

-- Versions of what the community keeps of each payment, the one that started last in force. circle_id: null for the community's
-- default, which counts for every circle without terms of its own. percent: in hundredths. flat, at_most: minor units of the
-- currency, for each seat; at_most: null where nothing limits it. Without a percent a circle follows the default from then on, and
-- the default says that nothing is due to anybody: the community keeps everything.
create table share_terms (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid references circles (id),
    currency text not null,
    percent integer,
    flat integer not null default 0,
    at_most integer,
    starts_at timestamptz not null,
    set_by uuid references people (id),
    reason text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    constraint terms_currency_form check (currency ~ '^[A-Z]{3}$'),
    constraint terms_percent_within check (percent between 0 and 10000),
    constraint terms_flat_sane check (flat between 0 and 10000000),
    constraint terms_limit_sane check (at_most between 0 and 10000000),
    constraint terms_without_percent_are_empty check (percent is not null or (flat = 0 and at_most is null)),
    constraint terms_reason_length check (char_length(reason) <= 300)
);
create index share_terms_circle on share_terms (circle_id, currency, starts_at desc, created_at desc);
create index share_terms_set_by on share_terms (set_by);
create trigger share_terms_append_only before update or delete on share_terms
for each row execute function refuse_change_but('set_by');

-- The terms that count for a payment in this currency to a circle at a time; no row where the community keeps everything.
create function terms_of(circle uuid, money text, moment timestamptz) returns setof share_terms
language plpgsql stable parallel safe as $$
declare
    terms share_terms;
begin
    select share_terms.* into terms from share_terms
    where share_terms.circle_id = circle and share_terms.currency = money and share_terms.starts_at <= moment
    order by share_terms.starts_at desc, share_terms.created_at desc limit 1;
    if terms.percent is null then
        select share_terms.* into terms from share_terms
        where share_terms.circle_id is null and share_terms.currency = money and share_terms.starts_at <= moment
        order by share_terms.starts_at desc, share_terms.created_at desc limit 1;
    end if;
    if terms.percent is not null then
        return next terms;
    end if;
end
$$;

-- The facilitator's part of an amount, in minor units: what the share leaves, which is rounded half up and never more than the amount.
-- The same as part_of in circles/payments/shares/rules.py.
create function facilitator_part(amount bigint, percent integer, flat integer, at_most integer) returns bigint
language plpgsql immutable parallel safe as $$
begin
    return greatest(0, amount - least(flat + (amount * percent + 5000) / 10000, coalesce(at_most, amount)));
end
$$;

-- What is left of a part once so much of its payment went back: in proportion, rounded half up over all that went back, so that it
-- is never negative, and nothing once everything went back. The same as part_left in circles/payments/shares/rules.py.
create function part_left(part bigint, amount bigint, gone bigint) returns bigint
language plpgsql immutable parallel safe as $$
begin
    gone := least(greatest(gone, 0), amount);
    return part - (2 * part * gone + amount) / (2 * amount);
end
$$;

-- The part of each line of a payment, by the terms in force when its checkout was made; written once. amount: of the line. account:
-- the connected account at Stripe that gets the part with the payment itself; null: the community collects, and owes it.
create table payment_shares (
    id uuid primary key default gen_random_uuid(),
    checkout_id uuid not null references checkouts (id),
    booking_id uuid not null references bookings (id),
    circle_id uuid not null references circles (id),
    facilitator_id uuid not null references people (id),
    terms_id uuid not null references share_terms (id),
    amount integer not null,
    part integer not null,
    currency text not null,
    account text,
    created_at timestamptz not null default clock_timestamp(),
    constraint share_once_per_line unique (checkout_id, booking_id),
    constraint share_amount_positive check (amount > 0),
    constraint share_part_within check (part between 0 and amount)
);
create index payment_shares_booking on payment_shares (booking_id);
create index payment_shares_facilitator on payment_shares (facilitator_id, created_at);
create index payment_shares_circle on payment_shares (circle_id);
create index payment_shares_terms on payment_shares (terms_id);

-- What each movement of money did to a part: amount is that of its row of money_rows, part what became due (positive) or is not due
-- any more.
create table share_rows (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    share_id uuid not null references payment_shares (id),
    money_row_id bigint not null,
    amount integer not null,
    part integer not null,
    constraint share_row_once unique (money_row_id)
);
create index share_rows_share on share_rows (share_id);
create trigger share_rows_append_only before update or delete on share_rows
for each row execute function refuse_change();

-- Until money came, another account may be named, or none: Stripe may refuse one.
create function keep_share() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or to_jsonb(new) - '{facilitator_id,account}'::text []
        is distinct from to_jsonb(old) - '{facilitator_id,account}'::text []
        or (
            new.account is distinct from old.account
            and exists (select from share_rows where share_rows.share_id = old.id)
        )
    then
        raise exception 'the part of a payment is written once' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
create trigger payment_shares_written_once before update or delete on payment_shares
for each row execute function keep_share();

-- Write the parts of a checkout's lines, where terms are in force and the circle has a lead, and answer their sum. Called again it
-- changes nothing but the account, and that before money came. An additional payment gets what the part of the whole amount is more
-- than that of what was paid before, so that the flat amount counts once for a seat.
create function add_shares(checkout uuid, connected text default null) returns bigint language plpgsql as $$
begin
    insert into payment_shares (
        checkout_id, booking_id, circle_id, facilitator_id, terms_id, amount, part, currency, account
    )
    select
        lines.checkout_id, lines.booking_id, gatherings.circle_id, hosts.person_id, terms.id, lines.amount,
        facilitator_part(before.amount + lines.amount, terms.percent, terms.flat, terms.at_most)
        - facilitator_part(before.amount, terms.percent, terms.flat, terms.at_most),
        checkouts.currency, connected
    from checkout_lines as lines
    join checkouts on checkouts.id = lines.checkout_id
    join bookings on bookings.id = lines.booking_id
    join gatherings on gatherings.id = bookings.gathering_id
    join hosts on hosts.circle_id = gatherings.circle_id and hosts.part = 'lead'
    cross join terms_of(gatherings.circle_id, checkouts.currency, checkouts.created_at) as terms
    cross join lateral (
        select case when lines.is_addition then greatest(coalesce(sum(money_rows.amount), 0), 0) else 0 end as amount
        from money_rows
        where money_rows.booking_id = lines.booking_id and money_rows.checkout_id <> lines.checkout_id
    ) as before
    where lines.checkout_id = checkout
    order by lines.position
    on conflict (checkout_id, booking_id) do nothing;
    update payment_shares set account = connected
    where checkout_id = checkout and account is distinct from connected
        and not exists (select from share_rows where share_rows.share_id = payment_shares.id);
    return coalesce((select sum(part) from payment_shares where checkout_id = checkout), 0);
end
$$;

-- Money arrived, or went back: the part follows, and what is owed to its facilitator. Its row is locked, so that two movements at once
-- count one after the other.
create function follow_money() returns trigger language plpgsql as $$
declare
    share payment_shares;
    row_part bigint;
    row_id bigint;
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
        part_left(share.part, share.amount, share.amount - coalesce(sum(share_rows.amount), 0) - new.amount)
        - coalesce(sum(share_rows.part), 0)
    into row_part
    from share_rows where share_rows.share_id = share.id;
    insert into share_rows (at, share_id, money_row_id, amount, part)
    values (new.at, share.id, new.id, new.amount, row_part)
    returning id into row_id;
    perform post_entry(
        'share', row_id::text, new.currency, share.circle_id, share.booking_id, array['sales', 'facilitators'],
        array[share.circle_id, share.facilitator_id], array[row_part, - row_part], new.at
    );
    return null;
end
$$;
create trigger money_rows_share after insert on money_rows
for each row execute function follow_money();
