"""What public pages say to one visitor about their own seat: the rules that gatherings call (app.connect_features)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from circles.base.clock import Viewer
from circles.bookings import seat_rules
from circles.bookings.screening import rules as screening_rules
from circles.gatherings import MySeat, VisitorView


class OwnSeatRules:
    """See gatherings.SeatRules."""

    def seat(self, own: Mapping[str, Any], viewer: Viewer) -> MySeat | None:
        return seat_rules.seat_of(own, viewer)

    def view(self, row: Mapping[str, Any], viewer: Viewer, *, signed_in: bool) -> VisitorView:
        """One gathering for one visitor, from a row of the query `gathering_page`.

        A stranger is told the rules and may try; somebody signed in is told what keeps them from booking now.
        """
        admission = screening_rules.admission_of(row["admission"])
        gathering = (row["starts_at"], row["zone"], row["now"], viewer)
        refusals = screening_rules.admission_refusals(admission, *gathering)
        seat = seat_rules.seat_of(row["own"], viewer) if row["own"] else None
        ahead = row["state"] == "open" and row["now"] < row["starts_at"]
        if seat is None and ahead and not admission.approved and admission.request_id:
            # A request to the circle counts for every date, not only for the one it was sent from.
            seat = seat_rules.seat_of_request(admission.request_id, admission.request_state)
        return VisitorView(
            seat=seat,
            admission=screening_rules.admission_notes(admission, *gathering),
            refusals=tuple(refusals) if signed_in and admission.approved else (),
            asks=signed_in and not admission.approved,
            overlaps=seat_rules.overlaps_of(row["overlaps"]),
        )

    def circle_notes(self, admission: Mapping[str, Any]) -> tuple[str, ...]:
        return screening_rules.circle_notes(screening_rules.admission_of(admission))
