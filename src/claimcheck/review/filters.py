"""What a queue can be narrowed to and ordered by: checked values in, conditions on ``review_state`` out."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from claimcheck.records import Label
from claimcheck.review.errors import InvalidError
from claimcheck.review.fulltext import has_words
from claimcheck.review.permissions import Account, Act, may
from claimcheck.review.standing import State
from claimcheck.review.texts import require_storable
from claimcheck.review.visibility import state_is, waits_for
from claimcheck.store.models import SiteRow
from claimcheck.store.review_models import ReviewStateRow

__all__ = ["SEVERITIES", "Filters", "Order", "conditions", "order_columns", "row_key"]

SEVERITIES: Mapping[str, int] = {"none": 0, "low": 1, "medium": 2, "high": 3}
_SEARCH_LIMIT = 200
_VERDICTS = {str(label) for label in Label if label is not Label.NOT_A_CLAIM}


class Order(StrEnum):
    """How a queue is ordered: most severe first, least certain first, or newest first."""

    SEVERITY = "severity"
    UNSURE = "unsure"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a queue is narrowed to; what is left at its default narrows nothing.

    Without ``scan`` a site's latest finished scan is meant. ``undecided`` is what waits for whoever asks.
    """

    site: str = ""
    topic: str = ""
    verdict: str = ""
    severity: str = ""
    state: str = ""
    label: str = ""
    min_confidence: float = 0.0
    max_confidence: float = 1.0
    needs_review: bool = False
    undecided: bool = False
    mine: bool = False
    new: bool = False
    scan: int | None = None
    group: int | None = None
    search: str = ""

    def __post_init__(self) -> None:
        _check(self)

    def as_values(self) -> dict[str, object]:
        """Return the fields that are not at their defaults, as JSON values."""
        default = Filters.__dataclass_fields__
        return {name: value for name, value in asdict(self).items() if value != default[name].default}

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> "Filters":
        """Return the filters kept by ``as_values``.

        :raises InvalidError: when there is an unknown field or a wrong value.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise InvalidError(f"found the filter {unknown[0][:40]!r}, expected some of {', '.join(sorted(known))}")
        try:
            return cls(**values)  # type: ignore[arg-type]  # checked on init
        except TypeError as error:
            raise InvalidError("found a filter of the wrong kind") from error


def _check(filters: Filters) -> None:
    one_of: Mapping[str, Collection[str]] = {
        "verdict": _VERDICTS,
        "label": set(Label),
        "severity": set(SEVERITIES),
        "state": set(State),
    }
    for name, allowed in one_of.items():
        value = getattr(filters, name)
        if value and value not in allowed:
            raise InvalidError(f"found the {name} {str(value)[:40]!r}, expected one of {', '.join(sorted(allowed))}")
    for name in ("site", "topic", "search"):
        value = getattr(filters, name)
        if not isinstance(value, str):
            raise InvalidError(f"found a {name} that is no text")
        require_storable(name, value, longest=_SEARCH_LIMIT)
    low, high = filters.min_confidence, filters.max_confidence
    if not all(isinstance(value, (int, float)) for value in (low, high)) or not 0 <= low <= high <= 1:
        raise InvalidError("found confidences out of order, expected 0 <= min_confidence <= max_confidence <= 1")
    for name in ("needs_review", "undecided", "mine", "new"):
        if not isinstance(getattr(filters, name), bool):
            raise InvalidError(f"found {name} that is neither true nor false")
    for name in ("scan", "group"):
        value = getattr(filters, name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31):
            raise InvalidError(f"found an unusable {name}, expected its number")


def conditions(session: Session, account: Account, filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions on ``ReviewStateRow`` that the filters mean to this account."""
    row = ReviewStateRow
    made: list[ColumnElement[bool]] = []
    if filters.scan is not None:
        made.append(row.scan_id == filters.scan)
    else:
        made.append(row.current.is_(True))
    if filters.site:
        site_id = session.scalar(select(SiteRow.id).where(SiteRow.host == filters.site.lower()))
        made.append(row.site_id == (site_id or 0))
    equal: Mapping[str, tuple[InstrumentedAttribute[str], str]] = {
        "topic": (row.topic, filters.topic),
        "verdict": (row.verdict, filters.verdict),
        "label": (row.label, filters.label),
    }
    made += [attribute == value for attribute, value in equal.values() if value]
    if filters.severity:
        made.append(row.severity == SEVERITIES[filters.severity])
    if filters.state:
        made.append(state_is(State(filters.state), account))
    made += _flags(account, filters)
    if filters.search:
        made.append(has_words(session, filters.search))
    return made


def _flags(account: Account, filters: Filters) -> list[ColumnElement[bool]]:
    row = ReviewStateRow
    made: list[ColumnElement[bool]] = []
    if filters.min_confidence > 0:
        made.append(row.confidence >= filters.min_confidence)
    if filters.max_confidence < 1:
        made.append(row.confidence <= filters.max_confidence)
    if filters.needs_review:
        made.append(row.needs_review.is_(True))
    if filters.undecided:
        made.append(waits_for(account, lead=may(account, Act.ADJUDICATE)))
    if filters.mine:
        made.append(row.assigned_to == account.id)
    if filters.new:
        made.append(row.is_new.is_(True))
    if filters.group is not None:
        made.append(row.group_id == filters.group)
    return made


def order_columns(order: Order) -> tuple[InstrumentedAttribute[int] | InstrumentedAttribute[float], ...]:
    """Return the columns that order a queue; the last is unique. ``UNSURE`` goes up, the others down."""
    row = ReviewStateRow
    if order is Order.SEVERITY:
        return row.severity, row.confidence, row.finding_id
    return (row.confidence, row.finding_id) if order is Order.UNSURE else (row.finding_id,)


def row_key(order: Order, values: tuple[float, ...], *, after: bool) -> ColumnElement[bool]:
    """Return the condition that a row comes after (or before) these values in the order."""
    columns = tuple_(*order_columns(order))
    is_greater = after == (order is Order.UNSURE)
    bound = tuple_(*values)
    return columns > bound if is_greater else columns < bound
