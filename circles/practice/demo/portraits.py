"""Pictures for the facilitators of the demo community: a low sun over hills, drawn by the house, of nobody. Pure."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import cache
from typing import Final

from circles.people import draw_hills
from circles.practice.demo.plan import Plan

# Sky above and below, sun, hills from far to near, where the sun stands. Wren has sent none yet.
LANDS: Final = {
    "farid": (("#f3d9b8", "#f5efe4"), "#b8622f", ("#c9b28a", "#7d8a57", "#3f5e30"), (0.64, 0.36)),
    "ruth": (("#12282b", "#41636a"), "#f4ead7", ("#2f5157", "#1c363a", "#0c1c1f"), (0.34, 0.28)),
    "ines": (("#43302a", "#d98a5c"), "#f6d9a8", ("#8c4a33", "#5c3228", "#2b1a17"), (0.5, 0.52)),
}
Land = tuple[tuple[str, str], str, tuple[str, str, str], tuple[float, float]]


def portray(plan: Plan) -> None:
    """Give some facilitators a picture."""
    for number, (key, land) in enumerate(LANDS.items()):
        jpeg, person = _drawn(land), plan.hosts[key]
        found, at = hashlib.sha256(jpeg).hexdigest()[:32], plan.now - timedelta(days=90 + number)
        plan.add("pictures", person_id=person, hash=found, jpeg=f"\\x{jpeg.hex()}", created_at=at)
        plan.event("picture.kept", person, at, person, ("", found))


@cache
def _drawn(land: Land) -> bytes:
    return draw_hills(*land)
