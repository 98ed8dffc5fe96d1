-- name: take_seat(gathering_id, person_id, kind, amount, currency, minimum, maximum, refund_hours, late_percent, version_id, hold_minutes, max_held)^
-- the seat statement without its guard, which reads the seats that are taken and then inserts
with free as (
    select gatherings.id, min(number) as seat
    from gatherings cross join generate_series(1, 24) as number
    where gatherings.id = :gathering_id and number <= gatherings.capacity
        and not exists (
            select from bookings where gathering_id = gatherings.id and seat = number
                and state in ('held', 'confirmed')
        )
    group by gatherings.id
), acceptance as (
    insert into acceptances (person_id, version_id, sha256)
    select :person_id, versions.id, versions.sha256
    from free cross join guidelines_versions as versions
    where versions.id = :version_id
    on conflict (person_id, version_id) do update set accepted_at = acceptances.accepted_at
    returning id
)
insert into bookings (
    gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum,
    refund_hours, late_refund_percent, acceptance_id, held_until, confirmed_at
)
select
    free.id, :person_id, free.seat, :kind, 'confirmed', :amount, :currency, :minimum, :maximum,
    :refund_hours, :late_percent, acceptance.id, case when :hold_minutes::int = 0 then now() end, now()
from free cross join acceptance
where :max_held::int > 0
returning id, gathering_id, person_id, seat, kind, state, amount, currency, held_until, end_cause, null as invite;

-- name: lock_register(gathering)$
-- a gathering, which is not held while marks are made
select id from gatherings where id = :gathering;

-- name: lock_payment(id)^
-- a payment, which is not held while it is refunded
select checkouts.id, checkouts.currency, checkouts.state, false as is_disputed from checkouts where checkouts.id = :id;

-- name: other_organizers(actor_id)
-- organizers but for one, once another transaction has come as far
select id, name, email from people where is_organizer and id <> :actor_id and wait_for_another() order by id;
