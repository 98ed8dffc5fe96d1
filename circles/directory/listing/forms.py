"""The form of a listing: its values read into a draft, and a draft written as its values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from circles.base import clock, money
from circles.base.errors import Reason
from circles.base.reading import Reader
from circles.directory.listing import rules, words
from circles.directory.listing.values import Draft, License, Way

# The fields of one row of licenses and of ways.
LICENSE: Final = ("kind", "area", "number", "status", "expires_on", "source")
WAY: Final = ("way", "credential", "school", "year")
ROWS: Final[Mapping[str, tuple[str, ...]]] = {"license": LICENSE, "way": WAY}
MAX_ROWS: Final[Mapping[str, int]] = {"license": rules.MAX_LICENSES, "way": rules.MAX_WAYS}
_PLAIN: Final = (
    *rules.LINE_LENGTHS, *rules.BODY_LENGTHS, "experience", "area", "zip", "currency", "room",
    "email", "npi",
)  # fmt: skip
_LISTS: Final = ("works_with", "for_whom", "languages")
_TICKS: Final = ("gives_superbills", "fee_slides")
# Yes, no, or not said.
INSURANCE: Final[Mapping[str, bool | None]] = {"": None, "on": True, "no": False}


def change_rows(values: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """The form with a row added or removed by one of its buttons, and whether one was pressed.

    The buttons: more=license, more=way, drop=license_2 and so on.
    """
    changed = compact_rows(values)
    kind, _, number = values.get("drop", "").partition("_")
    more = values.get("more", "")
    if kind in ROWS and number.isascii() and number.isdigit():
        kept = {name: text for name, text in values.items() if not name.startswith(f"{kind}_{int(number)}_")}
        changed = compact_rows(kept)
    elif more in ROWS:
        changed[f"{more}s"] = str(min(row_count(changed, more) + 1, MAX_ROWS[more]))
    return changed, bool(values.get("drop") or more)


def compact_rows(values: Mapping[str, str]) -> dict[str, str]:
    """The form without its empty rows, the others numbered from 1, and their count in `licenses` and `ways`."""
    kept = {name: text for name, text in values.items() if not re.match(r"(license|way)_\d+_", name)}
    for kind, fields in ROWS.items():
        number = 0
        for old in _numbers(values, kind):
            row = {field: values.get(f"{kind}_{old}_{field}", "") for field in fields}
            if any(text.strip() for field, text in row.items() if field != "status"):
                number += 1
                kept |= {f"{kind}_{number}_{field}": text for field, text in row.items()}
        kept[f"{kind}s"] = str(number)
    return kept


def _numbers(values: Mapping[str, str], kind: str) -> list[int]:
    return sorted({int(match[1]) for name in values if (match := re.match(rf"{kind}_(\d{{1,3}})_", name))})


def row_count(values: Mapping[str, str], kind: str) -> int:
    """The number of rows of a kind in a form with compact rows."""
    count = values.get(f"{kind}s", "")
    return int(count) if re.fullmatch(r"\d{1,3}", count) else 0


def read(values: Mapping[str, str]) -> tuple[Draft, list[Reason]]:
    """A form with compact rows as a draft, and every reason why a number or a date in it cannot be read."""
    reader = Reader(values)
    plain = {name: values.get(name, "").strip() for name in _PLAIN}
    currency = plain["currency"] if plain["currency"] in words.CURRENCIES else "USD"
    ways = tuple(_read_way(reader, f"way_{n}") for n in range(1, row_count(values, "way") + 1))
    minimum, maximum = _fees(reader, currency)
    meets = values.get("meets", "").split(",")
    fields: dict[str, Any] = {**plain, "currency": currency}
    fields |= {name: _codes(values.get(name, "")) for name in _LISTS}
    fields |= {name: values.get(name) == "on" for name in _TICKS}
    draft = Draft(
        **fields,
        telehealth="telehealth" in meets,
        in_person="in_person" in meets,
        takes_insurance=INSURANCE.get(values.get("takes_insurance", "")),
        fee_minimum=minimum,
        fee_maximum=maximum,
        sliding_floor=_fee(reader, "sliding_floor", currency) if is_filled(values, "sliding_floor") else None,
        pro_bono_places=_number(reader, "pro_bono_places", 99),
        free_consultation=_number(reader, "free_consultation", 120),
        links=tuple(link for line in values.get("links", "").splitlines() if (link := line.strip())),
        licenses=tuple(
            _read_license(reader, f"license_{n}") for n in range(1, row_count(values, "license") + 1)
        ),
        ways=ways,
    )
    return draft, reader.reasons


def is_filled(values: Mapping[str, str], name: str) -> bool:
    """Whether a field has any text."""
    return bool(values.get(name, "").strip())


def _codes(joined: str) -> tuple[str, ...]:
    return tuple(code for code in joined.split(",") if code)


def _fees(reader: Reader, currency: str) -> tuple[int | None, int | None]:
    """The fees as typed; None when both are empty: nobody said them."""
    if not is_filled(reader.values, "fee_minimum") and not is_filled(reader.values, "fee_maximum"):
        return None, None
    minimum = _fee(reader, "fee_minimum", currency)
    maximum = _fee(reader, "fee_maximum", currency) if is_filled(reader.values, "fee_maximum") else minimum
    return minimum, maximum


def _fee(reader: Reader, field: str, currency: str) -> int:
    return reader.take(lambda: money.parse(reader.values.get(field, ""), currency, field), 0)


def _number(reader: Reader, field: str, most: int) -> int:
    if not is_filled(reader.values, field):
        return 0
    return reader.whole(field, 0, most, f"Please give a whole number from 0 to {most}.")


def _read_license(reader: Reader, at: str) -> License:
    typed = {field: reader.values.get(f"{at}_{field}", "").strip() for field in LICENSE}
    expires: date | None = None
    if typed["expires_on"]:
        field = f"{at}_expires_on"
        expires = reader.take(lambda: clock.parse_date(typed["expires_on"], field), None)
    return License(
        typed["kind"], typed["area"], typed["number"], typed["status"] or "active", expires, typed["source"]
    )


def _read_way(reader: Reader, at: str) -> Way:
    typed = {field: reader.values.get(f"{at}_{field}", "").strip() for field in WAY}
    year = None
    if typed["year"]:
        most = clock.now().year
        year = reader.whole(f"{at}_year", 1950, most, f"Please give a year from 1950 to {most}.")
    # Every credential belongs to one way, so choosing the credential is enough.
    of_credential = (way for way, known in words.CREDENTIALS.items() if typed["credential"] in known)
    return Way(typed["way"] or next(of_credential, ""), typed["credential"], typed["school"], year)


def values_of(draft: Draft) -> dict[str, str]:
    """A draft as the values of its form."""
    values = {name: str(getattr(draft, name)) for name in _PLAIN}
    values |= {name: ",".join(getattr(draft, name)) for name in _LISTS}
    values |= {name: "on" for name in _TICKS if getattr(draft, name)}
    for name in ("fee_minimum", "fee_maximum", "sliding_floor"):
        fee = getattr(draft, name)
        values[name] = "" if fee is None else money.format_plain(fee, draft.currency)
    values |= {
        "meets": ",".join(name for name in ("telehealth", "in_person") if getattr(draft, name)),
        "takes_insurance": next(key for key, taken in INSURANCE.items() if taken is draft.takes_insurance),
        "pro_bono_places": str(draft.pro_bono_places or ""),
        "free_consultation": str(draft.free_consultation or ""),
        "links": "\n".join(draft.links),
        "licenses": str(len(draft.licenses)),
        "ways": str(len(draft.ways)),
    }
    for n, license in enumerate(draft.licenses, 1):
        values |= {f"license_{n}_{field}": str(getattr(license, field) or "") for field in LICENSE}
    for n, way in enumerate(draft.ways, 1):
        values |= {f"way_{n}_{field}": str(getattr(way, field) or "") for field in WAY}
    return values


def empty_values(email: str = "", name: str = "") -> dict[str, str]:
    """The values of the form for a new listing: nothing is chosen in advance."""
    return values_of(Draft(name=name, email=email))
