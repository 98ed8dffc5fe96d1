"""The ring of seats: the coordinates of its dots.

A gathering is drawn as a ring with a dot for each seat, by the macro `ring` in templates/macros.html.
"""

from functools import lru_cache
from math import cos, pi, sin

MAX_SEATS = 24


@lru_cache(maxsize=4 * MAX_SEATS)
def ring_points(seats: int, radius: float) -> tuple[tuple[float, float], ...]:
    """The centers of `seats` dots on a circle of `radius` around (0, 0), in the units of the radius.

    The first dot is at the top and the rest follow clockwise, in the order of seats; y grows downward, as in SVG.
    A single seat is in the middle. Coordinates have two decimals. A number of
    seats that no gathering can have (a broken row, or a newer version's) is drawn as the nearest that is possible: the
    words beside a ring say the number, and its page is still of use. Raises ValueError when the radius is not positive.
    """
    if seats > MAX_SEATS:
        return ring_points(MAX_SEATS, radius)
    if radius <= 0:
        raise ValueError(f"a ring needs a positive radius, not {radius}")
    if seats < 1:
        return ()
    if seats == 1:
        return ((0.0, 0.0),)
    return tuple(_point(2 * pi * place / seats, radius) for place in range(seats))


def _point(turn: float, radius: float) -> tuple[float, float]:
    """The point `turn` radians clockwise from the top."""
    # Adding 0.0 turns -0.0 into 0.0: the page would show "-0.0".
    return round(radius * sin(turn), 2) + 0.0, round(-radius * cos(turn), 2) + 0.0
