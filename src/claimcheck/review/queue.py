"""The queue: a page of findings by keyset, so that the thousandth page costs what the first does, and neighbours."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from claimcheck.review.errors import InvalidError
from claimcheck.review.filters import Filters, Order, conditions, order_columns, row_key
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.projection import state_row, sync
from claimcheck.review.standing import State
from claimcheck.review.visibility import is_hidden, shown_state
from claimcheck.store.models import ClaimRow, FindingRow, PageRow, SiteRow, utc_now
from claimcheck.store.review_models import AccountRow, LeaseRow, ReviewStateRow

__all__ = ["PAGE_LIMIT", "Neighbours", "QueueItem", "QueuePage", "items_by_id", "neighbours", "queue"]

PAGE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A finding as a line of the queue. ``state`` and ``label`` are as its reader may know them.

    ``alike`` is how many current findings say the same in other words or on other sites, this one included.
    """

    finding_id: int
    scan_id: int
    site_id: int
    host: str
    url: str
    page_title: str
    claim: str
    sentence: str
    topic: str
    verdict: str
    confidence: float
    needs_review: bool
    severity: int
    pages: int
    is_new: bool
    is_current: bool
    state: State
    label: str
    assigned_to: str
    leased_by: str
    group_id: int
    alike: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Findings in their order; ``next_cursor`` and ``previous_cursor`` are '' at the ends."""

    items: tuple[QueueItem, ...]
    next_cursor: str
    previous_cursor: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The findings before and after one in a queue; None at its ends."""

    previous_id: int | None
    next_id: int | None


def queue(
    session: Session,
    account: Account,
    filters: Filters,
    *,
    order: Order = Order.SEVERITY,
    cursor: str = "",
    limit: int = 50,
) -> QueuePage:
    """Return a page of the queue as the account may see it, from its start or from a cursor on.

    :raises InvalidError: when the cursor is not one of this order, or the limit is out of bounds.
    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidError(f"found the limit {limit}, expected 1 to {PAGE_LIMIT}")
    sync(session)
    values, is_back = _read_cursor(cursor, order) if cursor else (None, False)
    rows = _keys(session, conditions(session, account, filters), order, _Seek(values, limit + 1, is_back=is_back))
    has_more = len(rows) > limit
    rows = rows[:limit][::-1] if is_back else rows[:limit]
    items = items_by_id(session, account, [row[-1] for row in rows])
    if not rows:
        return QueuePage((), "", "")
    has_next, has_previous = (True, has_more) if is_back else (has_more, bool(cursor))
    return QueuePage(
        items,
        _cursor(order, rows[-1], is_back=False) if has_next else "",
        _cursor(order, rows[0], is_back=True) if has_previous else "",
    )


def neighbours(
    session: Session, account: Account, finding_id: int, filters: Filters, *, order: Order = Order.SEVERITY
) -> Neighbours:
    """Return the findings beside one in a queue, whether or not the queue still holds that one itself.

    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    row = state_row(session, finding_id)
    here = tuple(getattr(row, column.key) for column in order_columns(order))
    where = conditions(session, account, filters)
    found = [_keys(session, where, order, _Seek(here, 1, is_back=is_back)) for is_back in (True, False)]
    previous, following = (rows[0][-1] if rows else None for rows in found)
    return Neighbours(previous, following)


@dataclass(frozen=True, slots=True)
class _Seek:
    """How many rows from where, exclusive, in which direction."""

    values: tuple[float, ...] | None
    limit: int
    is_back: bool = False


def _keys(session: Session, where: Sequence[Any], order: Order, seek: _Seek) -> list[tuple[Any, ...]]:
    columns: Sequence[Any] = order_columns(order)
    query: Select[Any] = select(*columns).where(*where)
    if seek.values is not None:
        query = query.where(row_key(order, seek.values, after=not seek.is_back))
    goes_up = (order is Order.UNSURE) != seek.is_back
    ordered = query.order_by(*(column.asc() if goes_up else column.desc() for column in columns))
    return [tuple(row) for row in session.execute(ordered.limit(seek.limit))]


def items_by_id(session: Session, account: Account, finding_ids: Sequence[int]) -> tuple[QueueItem, ...]:
    """Return these findings as lines of a queue, in the order given."""
    if not finding_ids:
        return ()
    holder = aliased(AccountRow)
    leased = and_(LeaseRow.finding_id == ReviewStateRow.finding_id, LeaseRow.expires_at > utc_now())
    query = (
        select(
            ReviewStateRow,
            SiteRow.host,
            PageRow.url,
            PageRow.title,
            ClaimRow.text,
            FindingRow.sentence,
            FindingRow.pages,
            AccountRow.name,
            holder.name,
        )
        .join(FindingRow, FindingRow.id == ReviewStateRow.finding_id)
        .join(SiteRow, SiteRow.id == ReviewStateRow.site_id)
        .join(PageRow, PageRow.id == FindingRow.page_id)
        .join(ClaimRow, ClaimRow.id == ReviewStateRow.claim_id)
        .outerjoin(AccountRow, AccountRow.id == ReviewStateRow.assigned_to)
        .outerjoin(LeaseRow, leased)
        .outerjoin(holder, holder.id == LeaseRow.account_id)
        .where(ReviewStateRow.finding_id.in_(finding_ids))
    )
    rows = session.execute(query).all()
    alike = _alike(session, {row[0].group_id for row in rows})
    items = {row[0].finding_id: _item(account, row, alike) for row in rows}
    return tuple(items[finding_id] for finding_id in finding_ids if finding_id in items)


def _alike(session: Session, group_ids: set[int]) -> dict[int, int]:
    query = (
        select(ReviewStateRow.group_id, func.count())
        .where(ReviewStateRow.group_id.in_(group_ids), ReviewStateRow.current.is_(True))
        .group_by(ReviewStateRow.group_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _item(account: Account, found: Any, alike: dict[int, int]) -> QueueItem:  # noqa: ANN401 - a row of the query above
    row, host, url, title, claim, sentence, pages, assigned_to, leased_by = found
    hidden = is_hidden(row.state, row.first_by, account)
    return QueueItem(
        row.finding_id,
        row.scan_id,
        row.site_id,
        host,
        url,
        title,
        claim,
        sentence,
        row.topic,
        row.verdict,
        row.confidence,
        row.needs_review,
        row.severity,
        pages,
        row.is_new,
        row.current,
        shown_state(row.state, row.first_by, account),
        row.label,
        assigned_to or "",
        leased_by or "",
        row.group_id,
        alike.get(row.group_id, 1),
        None if hidden or row.state == State.OPEN else row.updated_at,
    )


def _cursor(order: Order, values: tuple[float, ...], *, is_back: bool) -> str:
    data = json.dumps([order, "back" if is_back else "on", *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, order: Order) -> tuple[tuple[float, ...], bool]:
    wrong = InvalidError("found an unusable cursor; start from the queue's first page")
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor[:400].encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise wrong from error
    if not isinstance(values, list) or values[:1] != [str(order)] or values[1:2] not in (["on"], ["back"]):
        raise wrong
    key = values[2:]
    if len(key) != len(order_columns(order)) or not all(_is_number(value) for value in key):
        raise wrong
    return tuple(key), values[1] == "back"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**31
