"""A schedule cut in two at one of its dates, and its later part moved to another day: Tuesdays become Wednesdays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

from dateutil.relativedelta import relativedelta, weekday

from circles.base import clock
from circles.base.errors import Reason, refuse_if
from circles.hosting.schedule import rules
from circles.hosting.schedule.rules import WEEKDAYS, Rule


@dataclass(frozen=True, slots=True)
class Cut:
    """A rule cut in two at one of its dates: what is before it, and what follows as it will be.

    unmoved: what follows, as it was. at: the date it is cut at. to: the day which that date moves to.
    """

    early: Rule
    late: Rule
    unmoved: Rule
    at: date
    to: date

    @property
    def moves(self) -> bool:
        return self.to != self.at

    def days(self, planned: Iterable[date]) -> dict[date, date]:
        """Where each of these dates goes. A date the rule does not have stays, as does one that has no such day.

        Raises Refused when two of them would meet on one day.
        """
        known = sorted(set(planned))
        if not known or not self.moves:
            return {day: day for day in known}
        until = min(known[-1], self.unmoved.until or known[-1])
        of_rule = set(rules.all_dates(replace(self.unmoved, until=until)))
        moved = {day: (day in of_rule and _moved_day(self, day)) or day for day in known}
        days = list(moved.values())
        refuse_if(_same_day(day) for index, day in enumerate(days) if day in days[:index])
        return moved


def _same_day(day: date) -> Reason:
    message = f"This schedule has a gathering on {clock.format_date(day)} already. Please choose another day."
    return Reason("same_day", message, "date")


def cut_rule(rule: Rule, at: date, to: date | None = None) -> Cut:
    """Cut a rule at one of its dates, and move what follows as that date moves.

    By weeks, the weekday becomes the other one and other weekdays of the rule stay; by months, the weekday or
    the date of the month changes; listed dates move by as many days. Skipped dates move along. Raises Refused.
    """
    early, late = rules.split(rule, at)
    cut = Cut(early, late, late, at, to or at)
    if not cut.moves:
        return cut
    refuse_if(_refusals(cut))
    return replace(cut, late=_moved(cut))


def _refusals(cut: Cut) -> list[Reason]:
    dates = list(islice(rules.all_dates(cut.unmoved), 2))
    if dates[:1] != [cut.at]:
        message = "This gathering is not on a date of its schedule, so the others cannot move with it. Move it alone."
        return [Reason("off_rule", message, "date")]
    passed = max(rules.all_dates(cut.early), default=None)
    if passed and cut.to <= passed:
        return [_taken(passed, "before", "after")]
    if cut.unmoved.kind == "weekly" and len(cut.unmoved.weekdays) > 1:
        return _weekday_refusals(cut)
    if cut.unmoved.kind != "dates" and cut.to >= dates[-1] > cut.at:
        return [_taken(dates[-1], "after", "before")]
    return []


def _taken(day: date, lies: str, choose: str) -> Reason:
    message = (
        f"The one {lies} it is on {clock.format_date(day)}. Please choose a day {choose} that, "
        "or change the whole schedule."
    )
    return Reason("not_between", message, "date")


def _weekday_refusals(cut: Cut) -> list[Reason]:
    if _monday(cut.to) != _monday(cut.at):
        message = (
            "This schedule has more than one weekday. Please choose a day in the same week, "
            "or change the whole schedule."
        )
        return [Reason("other_week", message, "date")]
    if cut.to.weekday() in cut.unmoved.weekdays:
        message = f"This schedule has {WEEKDAYS[cut.to.weekday()]} already. Please choose another day."
        return [Reason("has_weekday", message, "date")]
    return []


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _moved(cut: Cut) -> Rule:
    """What follows, on its other day. It ends with the same gathering as before."""
    old, to = cut.unmoved, cut.to
    if old.kind == "weekly":
        kept = set(old.weekdays) - {cut.at.weekday()}
        new = replace(old, weekdays=tuple(sorted(kept | {to.weekday()})))
    elif old.kind == "monthly_weekday":
        new = replace(old, weekdays=(to.weekday(),), nth=_nth(to, old.nth))
    elif old.kind == "monthly_date":
        new = replace(old, month_day=to.day)
    else:
        new = old
    return _dated(replace(cut, late=replace(new, first=to)))


def _dated(cut: Cut) -> Rule:
    """The dates that a moved rule names one by one: listed, skipped, the first, the last."""
    old = cut.unmoved
    early = [_moved_day(cut, day) for day in islice(rules.all_dates(old), 7)]
    ends = rules.all_dates(old) if old.until else ()
    return replace(
        cut.late,
        first=min(day for day in early if day),
        dates=tuple(sorted(moved for day in old.dates if (moved := _moved_day(cut, day)))),
        skipped=frozenset(moved for day in old.skipped if (moved := _moved_day(cut, day))),
        until=max((moved for day in ends if (moved := _moved_day(cut, day))), default=None),
    )


def _nth(day: date, before: int) -> int:
    """Which one of its month a day is. The fifth is the last; the last stays the last where it is one."""
    is_last = (day + timedelta(weeks=1)).month != day.month
    return -1 if is_last and (before == -1 or day.day > 28) else (day.day - 1) // 7 + 1


def _moved_day(cut: Cut, day: date) -> date | None:
    """Where a date of the rule goes; None when its month has no such day."""
    rule = cut.late
    if rule.kind == "dates" or (rule.kind == "weekly" and len(rule.weekdays) == 1):
        return day + (cut.to - cut.at)
    if rule.kind == "weekly":
        return day + (cut.to - cut.at) if day.weekday() == cut.at.weekday() else day
    months = (cut.to.year - cut.at.year) * 12 + cut.to.month - cut.at.month
    month = day.replace(day=1) + relativedelta(months=months)
    if rule.kind == "monthly_weekday":
        nth = weekday(rule.weekdays[0], rule.nth)
        return month + relativedelta(day=1 if rule.nth > 0 else 31, weekday=nth)
    moved = month + relativedelta(day=rule.month_day)
    return moved if moved.day == rule.month_day else None
