"""The dashboard: what is left, how far reviewers agree, how often flags were right; and the conflicts that wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response

from claimcheck.review.dashboard import Precision, dashboard
from claimcheck.review.errors import InvalidError
from claimcheck.review.filters import Filters
from claimcheck.review.options import ReviewOptions, review_options, set_options
from claimcheck.review.projection import decisions_on
from claimcheck.review.queue import QueueItem, queue
from claimcheck.review.standing import Decision, State
from claimcheck.review.web.pages.door import Visit, redirect, show, whole
from claimcheck.store.models import utc_now

__all__ = ["conflicts_page", "dashboard_page", "set_team_options"]

DAYS = 30
CONFLICTS_SHOWN = 100
CHART_HEIGHT = 100.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart, in its coordinates."""

    day: date
    number: int
    left: float
    height: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """A finding on which two reviewers disagree, with what each decided."""

    item: QueueItem
    sides: tuple[Decision, ...]


def dashboard_page(visit: Visit) -> Response:
    """Return the dashboard."""
    board = dashboard(visit.session, visit.account)
    bars = _bars(board.progress.per_day)
    values = {
        "board": board,
        "progress": board.progress,
        "waiting": board.progress.states.get("open", 0) + board.progress.states.get("second", 0),
        "severities": _ordered(board.progress.left_by_severity),
        "bars": bars,
        "most": max((bar.number for bar in bars), default=0),
        "in_days": sum(bar.number for bar in bars),
        "precision": _shown(board.precision),
        "options": review_options(visit.session),
        "saved": visit.query.get("saved") == "1",
    }
    return show(visit, "dashboard.html", values)


def conflicts_page(visit: Visit) -> Response:
    """Return the conflicts, the most severe first, each with both decisions."""
    filters = Filters(state=str(State.CONFLICT))
    found = queue(visit.session, visit.account, filters, limit=CONFLICTS_SHOWN)
    made = decisions_on(visit.session, [item.finding_id for item in found.items])
    conflicts = [
        Conflict(item, tuple(one for one in made[item.finding_id] if one.live and one.round != "adjudication"))
        for item in found.items
    ]
    return show(visit, "conflicts.html", {"conflicts": conflicts, "has_more": bool(found.next_cursor)})


def set_team_options(visit: Visit) -> Response:
    """Set what the team shares: the share of findings that two decide, and for how long an opened one is kept."""
    share = whole("share", visit.form.text("share"))
    if share > 100:
        raise InvalidError(f"found a share of {share}%, expected 0 to 100")
    minutes = whole("minutes", visit.form.text("minutes"))
    set_options(visit.session, visit.account, ReviewOptions(double_share=share / 100, lease_minutes=minutes))
    return redirect("/dashboard?saved=1")


def _ordered(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(name, numbers.get(name, 0)) for name in ("high", "medium", "low", "none")]


def _bars(per_day: Mapping[str, int]) -> list[Bar]:
    today = utc_now().date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    numbers = [per_day.get(day.isoformat(), 0) for day in days]
    most = max(numbers) or 1
    return [
        Bar(day, number, 10.0 * place, CHART_HEIGHT * number / most)
        for place, (day, number) in enumerate(zip(days, numbers, strict=True))
    ]


def _shown(rows: tuple[Precision, ...]) -> list[Precision]:
    """Return the rows over all topics by verdict, and each topic's sum: the rest says little on few decisions."""
    return [row for row in rows if row.topic == "all" or row.verdict == "all"]
