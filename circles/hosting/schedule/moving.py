"""Moving a schedule to another day from one of its dates on: Tuesdays become Wednesdays. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

from dateutil.relativedelta import relativedelta, weekday

from circles.base import clock
from circles.base.errors import Reason, Refused, refuse_if
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.rules import WEEKDAYS, Rule


@dataclass(frozen=True, slots=True)
class Cut:
    """A rule cut in two at one of its dates: what stands before it, and what follows as it will be.

    before: what follows, as it was. at: the date it is cut at. to: the day which that date moves to.
    """

    early: Rule
    late: Rule
    before: Rule
    at: date
    to: date

    @property
    def moves(self) -> bool:
        """Whether what follows goes to another day."""
        return self.to != self.at

    def days(self, planned: Iterable[date]) -> dict[date, date]:
        """Where each of these dates goes. A date the rule does not have stays, as does one that has no such day.

        Raises Refused when two of them would meet on one day.
        """
        known = sorted(set(planned))
        if not known or not self.moves:
            return {day: day for day in known}
        until = min(known[-1], self.before.until or known[-1])
        of_rule = set(schedule_rules.all_dates(replace(self.before, until=until)))
        found = {day: (day in of_rule and _goes(self, day)) or day for day in known}
        _no_meeting(found.values())
        return found


def _no_meeting(days: Iterable[date]) -> None:
    seen: set[date] = set()
    for day in days:
        if day in seen:
            message = f"This schedule has a gathering on {clock.format_date(day)} already. Please choose another day."
            raise Refused(Reason("same_day", message, "date"))
        seen.add(day)


def cut(rule: Rule, at: date, to: date | None = None) -> Cut:
    """Cut a rule at one of its dates, and move what follows as that date moves.

    By weeks, the weekday becomes the other one and other weekdays of the rule stay; by months, the weekday or
    the date of the month changes; listed dates move by as many days. Skipped dates move along. Raises Refused.
    """
    early, late = schedule_rules.split(rule, at)
    whole = Cut(early, late, late, at, to or at)
    if not whole.moves:
        return whole
    refuse_if(_problems(whole))
    return replace(whole, late=_moved(whole))


def _problems(whole: Cut) -> list[Reason]:
    """Why what follows cannot move to that day."""
    dates = list(islice(schedule_rules.all_dates(whole.before), 2))
    if dates[:1] != [whole.at]:
        message = "This gathering is not on a date of its schedule, so the others cannot move with it. Move it alone."
        return [Reason("off_rule", message, "date")]
    passed = max(schedule_rules.all_dates(whole.early), default=None)
    if passed and whole.to <= passed:
        return [_taken(passed, "before", "after")]
    if whole.before.kind == "weekly" and len(whole.before.weekdays) > 1:
        return _weekday_problems(whole)
    if whole.before.kind != "dates" and whole.to >= dates[-1] > whole.at:
        return [_taken(dates[-1], "after", "before")]
    return []


def _taken(day: date, lies: str, choose: str) -> Reason:
    message = (
        f"The one {lies} it is on {clock.format_date(day)}. Please choose a day {choose} that, "
        "or change the whole schedule."
    )
    return Reason("not_between", message, "date")


def _weekday_problems(whole: Cut) -> list[Reason]:
    """Why one weekday of several cannot become another."""
    if _monday(whole.to) != _monday(whole.at):
        message = (
            "This schedule has more than one weekday. Please choose a day in the same week, "
            "or change the whole schedule."
        )
        return [Reason("other_week", message, "date")]
    if whole.to.weekday() in whole.before.weekdays:
        message = f"This schedule has {WEEKDAYS[whole.to.weekday()]} already. Please choose another day."
        return [Reason("has_weekday", message, "date")]
    return []


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _moved(whole: Cut) -> Rule:
    """What follows, on its other day. It ends with the same gathering as before."""
    old, to = whole.before, whole.to
    if old.kind == "weekly":
        kept = set(old.weekdays) - {whole.at.weekday()}
        new = replace(old, weekdays=tuple(sorted(kept | {to.weekday()})))
    elif old.kind == "monthly_weekday":
        new = replace(old, weekdays=(to.weekday(),), nth=_nth(to, old.nth))
    elif old.kind == "monthly_date":
        new = replace(old, month_day=to.day)
    else:
        new = old
    return _dated(replace(whole, late=replace(new, first=to)))


def _dated(whole: Cut) -> Rule:
    """The dates that a moved rule names one by one: listed, skipped, the first, the last."""
    old = whole.before
    early = [_goes(whole, day) for day in islice(schedule_rules.all_dates(old), 7)]
    last = max(schedule_rules.all_dates(old)) if old.until else None
    ends = [found for day in schedule_rules.all_dates(old) if (found := _goes(whole, day))] if last else []
    return replace(
        whole.late,
        first=min(day for day in early if day),
        dates=tuple(sorted(found for day in old.dates if (found := _goes(whole, day)))),
        skipped=frozenset(found for day in old.skipped if (found := _goes(whole, day))),
        until=max(ends) if ends else None,
    )


def _nth(day: date, before: int) -> int:
    """Which one of its month a day is. The fifth is the last; the last stays the last where it is one."""
    is_last = (day + timedelta(weeks=1)).month != day.month
    return -1 if is_last and (before == -1 or day.day > 28) else (day.day - 1) // 7 + 1


def _goes(whole: Cut, day: date) -> date | None:
    """Where a date of the rule goes; None when its month has no such day."""
    rule = whole.late
    if rule.kind == "dates" or (rule.kind == "weekly" and len(rule.weekdays) == 1):
        return day + (whole.to - whole.at)
    if rule.kind == "weekly":
        return day + (whole.to - whole.at) if day.weekday() == whole.at.weekday() else day
    months = (whole.to.year - whole.at.year) * 12 + whole.to.month - whole.at.month
    month = day.replace(day=1) + relativedelta(months=months)
    if rule.kind == "monthly_weekday":
        nth = weekday(rule.weekdays[0], rule.nth)
        return month + relativedelta(day=1 if rule.nth > 0 else 31, weekday=nth)
    moved = month + relativedelta(day=rule.month_day)
    return moved if moved.day == rule.month_day else None
