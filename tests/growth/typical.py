"""Typical arguments of every named query in the large community of tests/bench/community.sql."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from circles.base.english import MAX_COUNTED
from circles.gatherings.filters import MAX_READ_TO_COUNT
from circles.organizing.payments.rules import ALWAYS, ARRIVED
from tests.bench.community import Community, row_id

NOW = datetime.now(UTC)
TODAY = NOW.date()

# What decides no plan gets any value of its type: these parameters, and every id that is not named below.
BY_TYPE: dict[str, Any] = {
    "uuid": UUID(int=7),
    "text": "word",
    "int2": 1,
    "int4": 1,
    "int8": 1,
    "bool": True,
    "float8": 1.5,
    "date": TODAY,
    "time": time(18),
    "timestamp": NOW.replace(tzinfo=None),
    "timestamptz": NOW,
    "interval": timedelta(hours=1),
    "bytea": b"\x07",
    "jsonb": {},
    "text[]": ["word"],
    "int2[]": [1],
    "int4[]": [1],
    "int8[]": [1],
    "bool[]": [True],
    "interval[]": [timedelta(hours=1)],
    "uuid[]": [UUID(int=7)],
    "date[]": [TODAY],
    "timestamptz[]": [NOW],
    "float8[]": [1.5],
    "timestamp[]": [NOW.replace(tzinfo=None)],
}
# Values of these types find one row, or decide nothing.
NEVER = frozenset(("uuid", "uuid[]", "bytea", "jsonb", "bool", "interval", "interval[]"))
INERT = frozenset(
    """
    again_until
    about against attempts capacity charge line most_lapses seat choices code_digits disputed due due_at failure id
    idempotency_key ids in_person_from made_at stripe_state keys max_held moments
    online_from pooled several target targets tries columns width
    amounts faults returned slug slugs
    address amount answer answer_by answers approach area areas asks asks_card asks_co because before body browser
    browser_hash by_hand calendar calendar_method call_name capacity carry_on cause cells checks clock_hours code_hash
    community_seats content credentials currency dates day days details
    discreet_name dispute_id domain email ends ends_at every
    expires_at expiries expiring facets fault fee fee_from fields file_name filters fingerprint first first_date
    first_uid format terms_start
    hash headings hidden_because hidden_words hold html_body in_person is_facilitator is_organizer is_settled join_link
    jpeg key kind kinds languages last late_percent late_refund_percent latitude length_minutes link link_hash location
    longitude looking_for mails mark matches material maximum means method miles minimum minutes month_day
    more_calendars near_only needs newcomers_days newcomers_most next_path note notes npi npis nth number numbers
    object_id oddities oddity organizer of_hosts online own_words parts payment_intent place place_changes
    planted_until pronouns purpose question questions reach reason refund_hours reply_to request request_sha256 room
    row_count says schools
    sealed seat seats seconds seen sequence sha256 sign_in_hash skipped source source_note sources starts starts_as
    starts_at status statuses statuses_said steps stripe_id subject suggested text_body times to_address to_name
    token_hash told type uid uids unsubscribe_url until url useful_until version wait wall_start wall_time walls ways
    audience last_line line send_at send_wall typed
    place_values refund_kind refund_per_use refund_percent refund_weeks uses weeks
    families hidden patience is_kept kept_token_hash
    gone_token_hash leads shares_reason was_facilitator was_organizer without
    answered_at dedupe_key delay entrypoints failures last_uid payload runs urgency validity
    month this_month last_month first_month source names_said gatherings people
    attempt columns currencies depth harmless hosts kept_for least made_by places read_at rows_done
    rows_expected salt
    capacities late left_early marks paid
    refund length
    payout transactions posted mended asked_by is_automatic arrives_at transaction_id failure_transaction_id payout_id
    ours stripe other_currency listed ledger grace run_id
    weekdays went_well what where why words year years zone zones
    begins up_to
    charges country destination differs old_key settle_at disabled_reason payouts request transfer_id transfers
    accent accent_dark calendar_name community_name contact_address crisis_lines ground ground_dark height logo
    mail_footer mail_name png put_back statement_name
    after_currency at at_most fewest flat paid_on percent reference waits_since way
    """.split()  # noqa: SIM905
)


def by_name(community: Community) -> dict[str, Any]:
    """What a parameter of this name is in every query that has it."""
    return {
        # how much is read at a time
        "most": MAX_COUNTED + 1,
        "most_read": MAX_READ_TO_COUNT,
        "limit": 30,
        "offset": 0,
        "per_page": 40,
        "page_size": 20,
        "page_offset": 0,
        "skip": 0,
        "batch_size": 100,
        "max_rows": 20,
        "max_ranked": 1000,
        "max_credentials": 20,
        "how_many": 40,
        "after": None,
        "known": 0,
        # how long ago, how far ahead
        "lasts": timedelta(days=14),
        "lifetime": timedelta(days=30),
        "hold_minutes": 31,
        "horizon_days": 182,
        "ago": timedelta(minutes=5),
        "age": timedelta(days=31),
        "ask_after": timedelta(days=180),
        "expires_within_days": 60,
        "since": NOW,
        "within": timedelta(days=1),
        "lately": timedelta(days=3),
        "per": timedelta(minutes=10),
        # one of few
        "faults": ["disputed"],
        "state": "open",
        "states": ["held", "confirmed", "cancelled", "lapsed"],
        "part": "lead",
        "outcome": "new",
        "jobs": ["mail.deliver"],
        "names": ["mail.deliver"],
        # what is looked for
        "text": "lena gjk",
        "name": "lindqvist",
        "q": "patience",
        "terms": ["lind"],
        "city": "denver",
        # a circle of 125 gatherings, and somebody with five bookings
        "circle": community.circle,
        "circle_id": community.circle,
        "circles": [community.circle],
        "gathering": community.gathering(107),
        "gathering_id": community.gathering(107),
        "gathering_ids": [community.gathering(107)],
        "guidelines_id": row_id("guidelines", 2),
        "kept_id": community.member,
        "gone_id": row_id("person", 12),
        "person": community.member,
        "person_id": community.member,
    }


# All the time there is, from its end.
_ALL_TIME: dict[str, Any] = {
    "first": datetime(2000, 1, 1, tzinfo=UTC),
    "last": datetime(2101, 1, 1, tzinfo=UTC),
    "after_at": datetime(9999, 1, 1, tzinfo=UTC),
    "after_id": 2**62,
}

# Where the name alone says too little.
BY_QUERY: dict[str, dict[str, Any]] = {
    "organizing/inviting.add": {"emails": ["somebody@example.org"]},
    "organizing/inviting.of_batch": {"after": ""},
    "organizing/moving_in.accounts": {"emails": ["somebody@example.org"], "names": ["Lena Lindqvist"]},
    "organizing/moving_in.add_people": {"emails": ["somebody@example.org"], "since": [NOW]},
    "organizing/moving_in.gatherings_between": {"starts_at": NOW - timedelta(days=400), "ends_at": NOW},
    "organizing/people.bookings": {"after_at": None, "after_id": None, "ahead_limit": 21, "past_limit": 21},
    "organizing/invitations.open_invitations": {"after_at": None, "after_id": None},
    "organizing/people.events": {"kinds": ["person.suspended", "person.facilitator"], "most": 30},
    "organizing/audit.everything": {"hidden": ["sign_in.started"], "families": ["concern."], **_ALL_TIME},
    "organizing/audit.of_kinds": {"kinds": ["circle.archived", "person.facilitator"], **_ALL_TIME},
    "organizing/audit.of_person": {"kinds": ["booking.confirmed", "person.changed"], **_ALL_TIME},
    "store/audit.broken": {"after": 10},
    "store/audit.hash_at": {"position": 10},
    "organizing/overview.months": {"most": 600},
    "organizing/payments.page": {"states": [*ARRIVED], "circle": None, "since": ALWAYS, "until": NOW},
    "organizing/payments.totals": {
        "states": [*ARRIVED],
        "circle": None,
        "first_day": TODAY - timedelta(days=400),
        "last_day": TODAY,
        "edges_since": [NOW - timedelta(hours=9)],
        "edges_until": [NOW],
    },
    "organizing/payments.found": {"states": [*ARRIVED], "circle": None, "since": ALWAYS, "until": NOW},
    "organizing/payments.fold_sums": {"most": 5_000},
    "organizing/overview.next_gatherings": {"until": NOW + timedelta(days=7), "most": 21},
    "exports/exports.size": {"gatherings": None},
    "exports/rows.attendance": {"gatherings": None},
    "exports/rows.bookings": {"gatherings": None},
    "exports/rows.gatherings": {"gatherings": None},
    "exports/rows.community_seats": {"gatherings": None},
    "exports/rows.hours": {"gatherings": None},
    "exports/exports.hosts_named": {"gatherings": None},
    "exports/exports.exports_about": {"before": None},
    "bookings/waiting_list.delete_old": {"days": 30},
    "payments/balance.payouts_page": {"after": ""},
    "payments/balance.payout_contents": {"after": ""},
    "people/sign_in.delete_old_browsers": {"lasts": timedelta(days=400)},
    "bookings/waiting_list.hosted_line": {"after_at": NOW - timedelta(days=1)},
}


class NoTypicalArgument(Exception):
    """A parameter that neither table names."""


def arguments(query: str, parameters: list[tuple[str, str]], names: dict[str, Any]) -> list[Any]:
    """The typical arguments of a query, in their order.

    query: its file and name. parameters: their names and PostgreSQL's types. names: as `by_name` returns them.
    """
    values = []
    for name, kind in parameters:
        if name in BY_QUERY.get(query, {}):
            values.append(BY_QUERY[query][name])
        elif name in names and _fits(names[name], kind):
            values.append(names[name])
        elif name in names or name in INERT or kind in NEVER:
            values.append(BY_TYPE[kind])
        else:
            raise NoTypicalArgument(
                f"{query} has a parameter `{name}` ({kind}) without a typical argument. Add it in "
                "tests/growth/typical.py: to by_name or BY_QUERY where it decides what is read, else to INERT."
            )
    return values


def _fits(value: Any, kind: str) -> bool:
    return value is None or type(value) is type(BY_TYPE[kind])
