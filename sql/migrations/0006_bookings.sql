-- Bookings: one person's numbered seat at one gathering, in one state.

create table bookings (
    id uuid primary key default gen_random_uuid(),
    gathering_id uuid not null references gatherings (id),
    person_id uuid not null references people (id),
    seat smallint not null,
    kind text not null,
    state text not null,
    amount integer not null,
    currency text not null,
    scale_minimum integer not null,
    scale_maximum integer not null,
    -- The cancellation terms as they stood when the person booked; the circle may change its own later.
    refund_hours smallint not null default 48,
    late_refund_percent smallint not null default 0,
    acceptance_id uuid not null references acceptances (id),
    held_until timestamptz,
    let_go_at timestamptz,
    created_at timestamptz not null default now(),
    confirmed_at timestamptz,
    ended_at timestamptz,
    end_cause text not null default '',
    constraint booking_seat_number check (seat between 1 and 24),
    constraint booking_kind_known check (kind in ('paid', 'community', 'free')),
    constraint booking_state_known check (state in ('held', 'confirmed', 'cancelled', 'lapsed')),
    constraint booking_amount_within_scale check (
        case kind
            when 'paid' then amount > 0 and amount between scale_minimum and scale_maximum
            when 'free' then amount = 0 and scale_minimum = 0
            else amount = 0
        end
    ),
    constraint booking_terms_sane check (refund_hours between 0 and 720 and late_refund_percent between 0 and 100),
    constraint booking_only_paid_is_held check (state <> 'held' or kind = 'paid'),
    constraint booking_held_has_end check ((state = 'held') <= (held_until is not null)),
    constraint booking_confirmed_has_time check ((state = 'confirmed') <= (confirmed_at is not null)),
    constraint booking_ended_has_cause check (
        (state in ('cancelled', 'lapsed')) = (ended_at is not null)
        and (ended_at is not null) = (end_cause <> '')
    ),
    constraint booking_end_cause_known check (
        end_cause in (
            '', 'by_member', 'by_host', 'gathering_cancelled', 'not_paid', 'let_go', 'no_checkout', 'paid_late'
        )
    )
);
create unique index booking_seat_once on bookings (gathering_id, seat) where state in ('held', 'confirmed');
create unique index booking_once_per_person on bookings (gathering_id, person_id)
where state in ('held', 'confirmed');
create index bookings_person on bookings (person_id, created_at desc);
create index bookings_gathering on bookings (gathering_id);
create index bookings_held on bookings (held_until) where state = 'held';

-- A booking that becomes active takes its seat on the gathering's row; one that ends gives it back. Whoever
-- writes a booking, the gathering's seats agree with it when the statement ends.
create function keep_seats() returns trigger language plpgsql as $$
declare
    was_active boolean := tg_op <> 'INSERT' and old.state in ('held', 'confirmed');
    is_active boolean := tg_op <> 'DELETE' and new.state in ('held', 'confirmed');
begin
    if was_active and is_active and (old.gathering_id, old.seat, old.kind) = (new.gathering_id, new.seat, new.kind) then
        return null;
    end if;
    if was_active then
        update gatherings
        set seats_map = seats_map & ~(1 << old.seat - 1),
            community_taken = community_taken - (old.kind = 'community')::int
        where id = old.gathering_id;
    end if;
    if is_active then
        update gatherings
        set seats_map = seats_map | (1 << new.seat - 1),
            community_taken = community_taken + (new.kind = 'community')::int
        where id = new.gathering_id;
    end if;
    return null;
end
$$;
create trigger bookings_keep_seats after insert or update or delete on bookings
for each row execute function keep_seats();

alter table checkouts add constraint checkout_has_booking foreign key (booking_id) references bookings (id);
alter table operations add constraint operation_has_booking foreign key (booking_id) references bookings (id);
alter table money_rows add constraint money_has_booking foreign key (booking_id) references bookings (id);
