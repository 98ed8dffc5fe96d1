"""Zone data at start-up and by hand: what is too old, which planned gatherings must move, and moving them."""

from __future__ import annotations

from circles.base import zones
from circles.base.english import choose, plural
from circles.hosting.change.zone_data import move_misplaced
from circles.store import zone_data
from circles.store.context import Context
from circles.store.zone_data import Misplaced


async def warnings(context: Context) -> list[str]:
    """What is wrong with the zone data or with planned gatherings, each in a sentence; usually nothing."""
    async with context.db.reading() as tx:
        misplaced = await zone_data.misplaced(tx)
    texts = []
    if names := zones.outdated():
        texts.append(
            f"The zone data (tzdata {zones.version()}) is too old for {', '.join(names)}: "
            "install the locked requirements."
        )
    if misplaced:
        texts.append(
            f"{_how_many(misplaced)}: `python -m circles zones` lists {_them(misplaced)}, "
            f"`python -m circles zones --mend` moves {_them(misplaced)} and notifies everybody booked."
        )
    return texts


def _how_many(misplaced: list[Misplaced]) -> str:
    return (
        f"{plural(len(misplaced), 'planned gathering')} {choose(len(misplaced), 'starts', 'start')} at another "
        f"moment than the wall time says by tzdata {zones.version()}"
    )


def _them(misplaced: list[Misplaced]) -> str:
    return choose(len(misplaced), "it", "them")


async def report(context: Context, *, mend: bool) -> tuple[list[str], bool]:
    """The planned gatherings that new zone data has moved, a line each; moved back to their wall time with `mend`.

    Returns the lines, and whether all is well now.
    """
    if mend:
        misplaced, problems = await move_misplaced(context)
    else:
        async with context.db.reading() as tx:
            misplaced, problems = await zone_data.misplaced(tx), []
    if not misplaced:
        return [f"Every planned gathering starts when its wall time says by tzdata {zones.version()}."], True
    lines = [f"{_how_many(misplaced)}:", *map(_line, misplaced), *problems]
    if not mend:
        lines.append(
            "With --mend the wall time stays and the moment in UTC moves; everybody booked gets a mail and a corrected "
            "calendar entry."
        )
        return lines, False
    lines.append(
        "Some could not be moved; see above." if problems else "Moved. The mails leave with the next jobs."
    )
    return lines, not problems


def _line(one: Misplaced) -> str:
    seats = f"{plural(one.seats_taken, 'seat')} taken"
    return (
        f"{one.gathering_id}  {one.circle_name}, {one.right.wall:%Y-%m-%d %H:%M} in {one.right.zone}: "
        f"stored as {one.starts_at:%Y-%m-%d %H:%M} UTC, right is {one.right.utc:%Y-%m-%d %H:%M} UTC; {seats}"
    )
