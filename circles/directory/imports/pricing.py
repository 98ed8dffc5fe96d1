"""The fees of a row: from one column, or from columns for the lowest, the highest and the sliding scale."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from circles.base.errors import Refused
from circles.directory.imports.reading import cells, fees
from circles.directory.imports.reading.cells import Notes
from circles.directory.imports.reading.lexicon import meaning

if TYPE_CHECKING:
    from circles.directory.imports.rows import Match, Read

Take = Callable[..., Any]


def read(row: Read, match: Match, take: Take) -> None:
    """Read what the columns of a row say of its fees into it."""
    currency = row.given.get("currency", "")
    columns = {}
    for key in ("fee", "fee_minimum", "fee_maximum", "sliding_floor"):
        if key == "sliding_floor" and (slides := _slides(row, match)) is not None:
            if slides == "yes":
                row.given["fee_slides"] = True
            elif slides == "no":
                row.given |= {"sliding_floor": None, "fee_slides": False}
            continue
        fee = take(row, match, key, lambda cell, _, known=currency: fees.fee(cell, known))
        if fee:
            columns[key] = fee
            currency = currency or fee.currency
            if fee.left:
                row.warn(key, f"Left out: {fee.left}.")
    _keep_fees(row, columns, currency)


def _slides(row: Read, match: Match) -> str | None:
    """Whether a cell about a sliding scale says yes or no; empty where it is left out, None where it has an amount."""
    key = "sliding_floor"
    cell = row.cells.get(key, "")
    if not cell or key in row.faulty or (re.search(r"\d", cell) and cell not in ("0", "1")):
        return None
    said = meaning(key, cell, match.meanings)
    if said is not None:
        return said
    try:
        return "yes" if cells.yes_no(cell, Notes(key)) else "no"
    except Refused:
        row.unknown.append((key, cell))
        row.fault(key, "Expected: an amount, yes or no.")
        return ""


def _keep_fees(row: Read, columns: Mapping[str, fees.Fee], currency: str) -> None:
    given = row.given
    if currency:
        given["currency"] = currency
    for key, fee in columns.items():
        if key == "sliding_floor":
            given["sliding_floor"] = fee.floor if fee.floor is not None else fee.lowest
        else:
            given |= {"sliding_floor": fee.floor} if fee.floor is not None else {}
            given |= {"fee_slides": True} if fee.slides and fee.floor is None else {}
            given |= {"sliding_floor": None, "fee_slides": False} if fee.says_none else {}
    whole = columns.get("fee")
    if whole and whole.lowest is not None:
        given |= {"fee_minimum": whole.lowest, "fee_maximum": whole.highest}
    for key, side in (("fee_minimum", "lowest"), ("fee_maximum", "highest")):
        fee = columns.get(key)
        if fee and getattr(fee, side) is not None:
            given[key] = getattr(fee, side)
