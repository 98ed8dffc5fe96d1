"""Lists of people, past attendance and bookings ahead for the tests of moving in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from circles import imports
from circles.organizing.moving_in import actions
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import Browser
from tests.helpers import rows, value

HOME = "/organize/moving-in"


def csv_file(headings: Sequence[str], lines: Iterable[Sequence[object]], delimiter: str = ",") -> bytes:
    """A CSV file in UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(headings)
    writer.writerows(lines)
    return out.getvalue().encode()


def past(days: int, zone: str = "America/New_York") -> str:
    """A day so long ago, in a circle's zone, as a list writes it."""
    return (datetime.now(ZoneInfo(zone)) - timedelta(days=days)).date().isoformat()


def ahead(days: int, zone: str = "America/New_York") -> str:
    """A day so far ahead."""
    return past(-days, zone)


async def previewed(cast: Cast, kind: str, sent: bytes, keys: Sequence[str] | None = None) -> UUID:
    """Send a list and keep its columns as guessed, or as given."""
    import_id = await imports.actions.begin(
        cast.context,
        actions.KINDS[kind],
        actor_id=cast.odile,
        file_name=f"{kind}.csv",
        sent=sent,
        reading=await imports.actions.read(actions.KINDS[kind], sent),
    )
    matches = await value(cast.context, "select matches from listing_imports where id = $1", import_id)
    chosen = matches if keys is None else {"keys": keys}
    await imports.actions.match(
        cast.context, actions.KINDS, actor_id=cast.odile, import_id=import_id, **chosen
    )
    return import_id


async def answer(
    cast: Cast, import_id: UUID, answers: Mapping[str, str], **meanings: Mapping[str, str]
) -> None:
    """Answer questions about a list."""
    await actions.answer(
        cast.context, actor_id=cast.odile, import_id=import_id, answers=answers, meanings=meanings
    )


async def confirm(cast: Cast, import_id: UUID) -> str:
    """Confirm a list."""
    return await actions.confirm(cast.context, actor_id=cast.odile, import_id=import_id)


async def move_in(cast: Cast, kind: str, sent: bytes) -> UUID:
    """Bring in a list whole."""
    import_id = await previewed(cast, kind, sent)
    assert await confirm(cast, import_id) == "done"
    return import_id


async def outcomes(context: Context, import_id: UUID) -> dict[int, str]:
    """The outcome of each row, by its number."""
    kept = await rows(
        context, "select number, outcome from listing_import_rows where import_id = $1 order by 1", import_id
    )
    return dict(map(tuple, kept))


async def says(context: Context, import_id: UUID, number: int) -> dict[str, Any]:
    """What the preview says of a row."""
    return await value(
        context,
        "select says from listing_import_rows where import_id = $1 and number = $2",
        import_id,
        number,
    )


async def faults(context: Context, import_id: UUID) -> dict[int, str]:
    """Why each refused row is refused."""
    kept = await rows(
        context,
        "select number, says from listing_import_rows where import_id = $1 and outcome = 'refused' order by 1",
        import_id,
    )
    return {row["number"]: " ".join(fault["says"] for fault in row["says"]["faults"]) for row in kept}


async def page_of_columns(page: Browser, kind: str, sent: bytes, name: str = "list.csv") -> str:
    """Send a list by its page, and keep the columns as guessed. Returns the address of the preview."""
    answered = await page.post(HOME, data={"kind": kind}, files={"file": (name, sent, "text/csv")})
    assert answered.status_code == 303, answered.text
    columns = answered.headers["Location"]
    text = (await page.get(columns)).text
    chosen = {}
    for part in re.split('<select id="f-(?=column_|also_)', text)[1:]:
        chosen[part.split('"')[0]] = part.split("</select>")[0].split('" selected')[0].split('value="')[-1]
    matched = await page.post(columns, data=chosen)
    assert matched.status_code == 303, matched.text
    return matched.headers["Location"]
