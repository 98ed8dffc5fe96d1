"""Ending a circle with what is ahead: what is shown before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

from circles.base.row import Row


def end_fingerprint(circle: Row, bookings: Iterable[UUID], gatherings: int) -> str:
    """What was shown: whose seats end, and how many gatherings. When it differs by then, it is shown again."""
    lines = [circle["id"], circle["state"], gatherings, *bookings]
    return hashlib.sha256("\n".join(map(str, lines)).encode()).hexdigest()[:32]
