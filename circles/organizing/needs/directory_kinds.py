"""Needs of people and the directory: concerns, complaints, listings, licenses, requests for a role."""

from __future__ import annotations

from datetime import timedelta

from circles.base import clock
from circles.base.clock import Viewer
from circles.organizing.needs.rules import Kind, Need, Words
from circles.store import db

SQL = db.queries("organizing/needs")


def _day(need: Need) -> str:
    return clock.format_date(need.due.date()) if need.due else "soon"


def _complaint(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"A complaint about the listing of {need.facts['name']} is to be answered by {_day(need)}.",
        "Whoever wrote was told that date. The therapist does not know who wrote.",
        "Answer it",
        f"/organize/complaints/{need.about}",
    )


def _concern(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"Something that was written to the organizers is to be answered by {_day(need)}.",
        "Whoever wrote was told that date. Nobody whom it is about reads it.",
        "Answer it",
        f"/organize/concerns/{need.about}",
    )


def _listing(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"The listing of {need.facts['name']} waits to be checked.",
        "Nobody sees it in the directory before that.",
        "Check it",
        f"/organize/therapists/{need.about}",
    )


def _license(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"A license of {need.facts['name']} expires on {_day(need)}.",
        "They were asked by mail. Afterwards nobody finds them in that state by itself.",
        "See the listing",
        f"/organize/therapists/{need.facts['listing']}",
    )


def _role_request(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"{need.facts['name']} asks to be a facilitator.",
        "They were invited to host, and wait for your answer.",
        "Answer",
        "/organize/people/requests",
    )


KINDS = (
    # Organizers are told of a complaint's date by the directory itself.
    Kind("complaint", SQL.complaint, "complaint", _complaint, "pressing", is_mailed=False),
    Kind("concern", SQL.concern, "concern", _concern, "pressing", is_mailed=False),
    Kind("listing", SQL.listing, "listing to check", _listing, "in time", many="listings to check"),
    Kind(
        "license",
        SQL.license,
        "expiring license",
        _license,
        "in time",
        pressing_within=timedelta(days=2),
        is_mailed=False,
    ),
    Kind("role_request", SQL.role_request, "request for a role", _role_request, many="requests for a role"),
)
