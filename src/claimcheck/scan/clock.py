"""When an answer to a letter is due: so many days on, working days or all, US federal holidays left out."""

from datetime import date, timedelta
from functools import cache
from typing import Protocol

from claimcheck.errors import UsageError

__all__ = ["CALENDARS", "Calendar", "EveryDay", "WorkingDays", "calendar_named", "days_between", "due_date"]

CALENDARS = ("working", "all")
_SATURDAY = 5


class Calendar(Protocol):
    """Says which days count."""

    def counts(self, day: date) -> bool:
        """Return whether the day counts."""
        ...


class EveryDay:
    """Counts calendar days."""

    def counts(self, day: date) -> bool:
        """Return True."""
        return True


class WorkingDays:
    """Counts Monday to Friday but for US federal holidays, taken on the day on which they are observed."""

    def counts(self, day: date) -> bool:
        """Return whether federal offices are open that day."""
        return day.weekday() < _SATURDAY and day not in _federal_holidays(day.year)


def calendar_named(name: str) -> Calendar:
    """Return the calendar of a name in ``CALENDARS``.

    :raises UsageError: when there is none of that name, or working days need a package that is not installed.
    """
    if name == "all":
        return EveryDay()
    if name != "working":
        raise UsageError(f"found calendar {name!r}, expected one of {', '.join(CALENDARS)}")
    _federal_holidays(date.today().year)
    return WorkingDays()


@cache
def _federal_holidays(year: int) -> frozenset[date]:
    try:
        import holidays
    except ImportError as error:
        raise UsageError(
            "counting working days needs `pip install 'claimcheck[scan]'`, or take --calendar all"
        ) from error
    return frozenset(holidays.country_holidays("US", years=year))


def due_date(sent: date, days: int, calendar: Calendar) -> date:
    """Return the last day for an answer: the ``days``-th day that counts after the one on which the letter was sent.

    :raises UsageError: when that is after the last date there is.
    """
    day = sent
    try:
        for _ in range(days):
            day += timedelta(days=1)
            while not calendar.counts(day):
                day += timedelta(days=1)
    except OverflowError as error:
        raise UsageError(f"{days} days after {sent} is no date; take fewer days") from error
    return day


def days_between(first: date, last: date, calendar: Calendar) -> int:
    """Return how many days that count lie after ``first`` up to ``last``; negative when ``last`` comes before."""
    if last < first:
        return -days_between(last, first, calendar)
    span = (last - first).days
    return sum(calendar.counts(first + timedelta(days=step)) for step in range(1, span + 1))
