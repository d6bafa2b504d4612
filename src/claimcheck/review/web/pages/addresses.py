"""Filters in a page's address: what a queue is narrowed to can be bookmarked, sent to a colleague and gone back to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from claimcheck.review.errors import InvalidError
from claimcheck.review.filters import Filters, Order

__all__ = ["BANDS", "View", "address_of", "query_of", "view_of"]

# Confidence in the words of the report: bounds in per cent, and what they are called.
BANDS: Mapping[str, str] = {
    "0-50": "unsure (under 50%)",
    "50-70": "more likely than not (50–70%)",
    "70-90": "likely (70–90%)",
    "90-100": "very likely (over 90%)",
}
_BAND = re.compile(r"(\d{1,3})-(\d{1,3})", re.ASCII)
_TEXTS = ("site", "topic", "verdict", "severity", "state", "label", "search")
_FLAGS = ("needs_review", "undecided", "mine", "new")
_NUMBERS = ("scan", "group")


@dataclass(frozen=True, slots=True)
class View:
    """A queue as its address names it."""

    filters: Filters = field(default_factory=Filters)
    order: Order = Order.SEVERITY

    @property
    def query(self) -> str:
        """The view as a query string, without what is at its default."""
        return urlencode(_values(self))

    @property
    def confidence(self) -> str:
        """The range of confidence as the address has it, or ''."""
        return _values(self).get("confidence", "")


def view_of(query: Mapping[str, str]) -> View:
    """Return the view that a query string names; what it leaves out or leaves empty narrows nothing.

    :raises InvalidError: when a value is not one of those that the filter takes.
    """
    values: dict[str, object] = {name: query[name].strip() for name in _TEXTS if query.get(name, "").strip()}
    values |= {name: True for name in _FLAGS if query.get(name) == "1"}
    for name in _NUMBERS:
        if query.get(name):
            values[name] = _number(name, query[name])
    if query.get("confidence"):
        values["min_confidence"], values["max_confidence"] = _range(query["confidence"])
    order = query.get("order") or str(Order.SEVERITY)
    if order not in set(Order):
        raise InvalidError(f"found the order {order[:40]!r}, expected one of {', '.join(Order)}")
    return View(Filters.from_values(values), Order(order))


def address_of(path: str, view: View, **more: str | int | None) -> str:
    """Return a path with the view as its query string, and more parameters where they are not None or ''."""
    values = {**_values(view), **{name: str(value) for name, value in more.items() if value not in {None, ""}}}
    return f"{path}?{urlencode(values)}" if values else path


def query_of(query: str) -> dict[str, str]:
    """Return the parameters of a query string that a form carried; where one is given twice, the last.

    :raises InvalidError: when there are too many.
    """
    try:
        return dict(parse_qsl(query[:2_000], max_num_fields=40))
    except ValueError as error:
        raise InvalidError("found an unusable view in the form; open the queue again") from error


def _values(view: View) -> dict[str, str]:
    filters = view.filters
    made = {name: str(getattr(filters, name)) for name in _TEXTS if getattr(filters, name)}
    made |= {name: "1" for name in _FLAGS if getattr(filters, name)}
    made |= {name: str(getattr(filters, name)) for name in _NUMBERS if getattr(filters, name) is not None}
    if filters.min_confidence > 0 or filters.max_confidence < 1:
        made["confidence"] = f"{100 * filters.min_confidence:.0f}-{100 * filters.max_confidence:.0f}"
    if view.order is not Order.SEVERITY:
        made["order"] = str(view.order)
    return made


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise InvalidError(f"found the {name} {value[:40]!r}, expected its number")
    return int(value)


def _range(value: str) -> tuple[float, float]:
    match = _BAND.fullmatch(value)
    if match is None:
        raise InvalidError(f"found the confidence {value[:40]!r}, expected a range in per cent such as 50-70")
    return int(match[1]) / 100, int(match[2]) / 100
