"""The trail's page: who did what when, and whether the chain is whole."""

import json
from dataclasses import dataclass

from starlette.responses import Response

from claimcheck.report.shown import one_line
from claimcheck.review.acts import TrailEntry, head
from claimcheck.review.trail import trail_page as entries_page
from claimcheck.review.trail import verify_trail
from claimcheck.review.web.deps import store_of
from claimcheck.review.web.pages.door import Visit, show, whole

__all__ = ["trail_page", "verify_page"]

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the trail with its detail as words, and the address of what it is about."""

    entry: TrailEntry
    words: str
    link: str


def trail_page(visit: Visit) -> Response:
    """Return a page of the trail, its end first unless an address says otherwise."""
    return _page(visit, None)


def verify_page(visit: Visit) -> Response:
    """Check the whole trail, decisions and notes, and show what was found."""
    return _page(visit, verify_trail(store_of(visit.request)))


def _page(visit: Visit, problems: list[str] | None) -> Response:
    newest = head(visit.session)
    subject = visit.query.get("subject", "")[:80]
    last = max(0, newest.seq - PAGE_SIZE)
    after = whole("row", visit.query["after"]) if visit.query.get("after") else 0 if subject else last
    found = entries_page(visit.session, visit.account, after=after, limit=PAGE_SIZE, subject=subject)
    values = {
        "head": newest,
        "lines": [Line(entry, _words(entry), _link(entry)) for entry in reversed(found)],
        "subject": subject,
        "older": None if subject or after <= 0 else max(0, after - PAGE_SIZE),
        "newer": after + PAGE_SIZE if not subject and after + PAGE_SIZE < newest.seq else None,
        "problems": problems,
    }
    return show(visit, "trail.html", values)


def _words(entry: TrailEntry) -> str:
    try:
        detail = json.loads(entry.detail)
    except ValueError:
        return one_line(entry.detail)
    shown = {key: value for key, value in detail.items() if not key.endswith("_sha256") and value not in ("", None)}
    return one_line(", ".join(f"{key.replace('_', ' ')}: {_plain(value)}" for key, value in shown.items()))


def _plain(value: object) -> str:
    return str(value) if isinstance(value, (str, int, float)) else json.dumps(value, ensure_ascii=False)


def _link(entry: TrailEntry) -> str:
    kind, _, number = entry.subject.partition(":")
    return f"/findings/{number}" if kind == "finding" and number.isascii() and number.isdigit() else ""
