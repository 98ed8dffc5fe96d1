"""The ring of seats: every dot has its own place."""

from itertools import pairwise
from math import dist, hypot

import pytest

from circles.base.ring import MAX_SEATS, ring_points

EVERY_SIZE = range(2, MAX_SEATS + 1)


@pytest.mark.parametrize("seats", range(1, MAX_SEATS + 1))
def test_there_are_as_many_dots_as_seats(seats: int) -> None:
    assert len(ring_points(seats, 40)) == seats


def test_four_seats_are_at_the_quarters_clockwise_from_the_top() -> None:
    assert ring_points(4, 40) == ((0.0, -40.0), (40.0, 0.0), (0.0, 40.0), (-40.0, 0.0))


def test_one_seat_is_in_the_middle() -> None:
    assert ring_points(1, 40) == ((0.0, 0.0),)


@pytest.mark.parametrize("seats", EVERY_SIZE)
def test_every_dot_is_on_the_circle(seats: int) -> None:
    assert all(abs(hypot(x, y) - 40) < 0.02 for x, y in ring_points(seats, 40))


@pytest.mark.parametrize("seats", EVERY_SIZE)
def test_neighbours_are_equally_far_apart(seats: int) -> None:
    points = ring_points(seats, 40)
    gaps = [dist(a, b) for a, b in pairwise((*points, points[0]))]
    assert max(gaps) - min(gaps) < 0.05


def test_twenty_four_dots_of_the_small_size_do_not_touch() -> None:
    points = ring_points(MAX_SEATS, 42)
    assert dist(points[0], points[1]) > 2 * 4.2


@pytest.mark.parametrize("seats", EVERY_SIZE)
def test_no_coordinate_is_written_as_minus_zero(seats: int) -> None:
    assert "-0.0" not in [str(number) for point in ring_points(seats, 40) for number in point]


@pytest.mark.parametrize(("seats", "dots"), [(0, 0), (-3, 0), (MAX_SEATS + 1, MAX_SEATS), (10**6, MAX_SEATS)])
def test_a_number_of_seats_that_no_gathering_has_is_drawn_as_the_nearest(seats: int, dots: int) -> None:
    assert ring_points(seats, 40) == (ring_points(dots, 40) if dots else ())


@pytest.mark.parametrize("radius", [0, -1])
def test_a_ring_without_a_radius_is_refused(radius: float) -> None:
    with pytest.raises(ValueError, match="positive radius"):
        ring_points(8, radius)
