"""How many findings each filter would leave: sums over the queue's columns in memory.

Counting 100,000 rows in the database for every request would cost more than all the rest of it. Only a confidence
range, a group and a search are not in the columns: these are counted for themselves, up to a bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from claimcheck.review.columns import Columns, columns_of
from claimcheck.review.filters import SEVERITIES, Filters, conditions
from claimcheck.review.permissions import Account, Act, may, require
from claimcheck.review.projection import sync
from claimcheck.review.standing import State
from claimcheck.store.review_models import ReviewStateRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["COUNT_BOUND", "Counts", "counts"]

COUNT_BOUND = 10_000
_FLAGS = ("undecided", "needs_review", "mine", "new")


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings left by the filters, and how many each other choice would leave, by value.

    ``is_bounded`` says that there are ``total`` or more. A map is empty when the filters search, bound confidence or
    name a group.
    """

    total: int
    is_bounded: bool = False
    states: Mapping[str, int] = field(default_factory=dict)
    verdicts: Mapping[str, int] = field(default_factory=dict)
    severities: Mapping[str, int] = field(default_factory=dict)
    topics: Mapping[str, int] = field(default_factory=dict)
    sites: Mapping[str, int] = field(default_factory=dict)
    undecided: int = 0
    needs_review: int = 0
    mine: int = 0
    new: int = 0


def counts(session: Session, account: Account, filters: Filters) -> Counts:
    """Return the counts that stand beside a queue.

    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    if filters.search or filters.group is not None or filters.min_confidence > 0 or filters.max_confidence < 1:
        return _bounded(session, account, filters)
    sync(session)
    return _Facets(columns_of(session, filters.scan), account, filters).counts()


def _bounded(session: Session, account: Account, filters: Filters) -> Counts:
    found = select(ReviewStateRow.finding_id).where(*conditions(session, account, filters)).limit(COUNT_BOUND)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    return Counts(total, is_bounded=total == COUNT_BOUND)


class _Facets:
    """The findings that each filter leaves, as masks over the columns; one that filters nothing has none."""

    def __init__(self, columns: Columns, account: Account, filters: Filters) -> None:
        self._columns, self._account = columns, account
        self._size = len(columns.finding_id)
        self._shown = self._shown_states()
        self._flags = self._flag_masks()
        self._masks = self._filter_masks(filters)

    def counts(self) -> Counts:
        severities = {number: word for word, number in SEVERITIES.items()}
        left = {name: int(np.count_nonzero(self._left(but=name) & self._flags[name])) for name in _FLAGS}
        return Counts(
            int(np.count_nonzero(self._left())),
            states=self._by("state", self._shown, self._columns.words["state"]),
            verdicts=self._by_words("verdict"),
            severities=self._by("severity", self._columns.values["severity"], severities),
            topics=self._by_words("topic"),
            sites=self._by("site", self._columns.values["site_id"], self._columns.hosts),
            undecided=left["undecided"],
            needs_review=left["needs_review"],
            mine=left["mine"],
            new=left["new"],
        )

    def _shown_states(self) -> "NDArray[np.int32]":
        # As ``visibility.shown_state``: what waits for a second review looks open to all but its first author.
        state, second = self._columns.values["state"], self._columns.code("state", State.SECOND)
        hidden = (state == second) & (self._columns.values["first_by"] != self._account.id)
        return np.where(hidden, np.int32(self._columns.code("state", State.OPEN)), state)

    def _flag_masks(self) -> "dict[str, NDArray[np.bool_]]":
        values = self._columns.values
        waiting = [State.OPEN, State.CONFLICT] if may(self._account, Act.ADJUDICATE) else [State.OPEN]
        codes = [self._columns.code("state", state) for state in waiting]
        return {
            "undecided": np.isin(self._shown, codes),
            "needs_review": values["needs_review"] != 0,
            "mine": values["assigned_to"] == self._account.id,
            "new": values["is_new"] != 0,
        }

    def _filter_masks(self, filters: Filters) -> "dict[str, NDArray[np.bool_]]":
        columns, values = self._columns, self._columns.values
        masks = {name: self._flags[name] for name in _FLAGS if getattr(filters, name)}
        for name in ("topic", "verdict", "label"):
            if word := getattr(filters, name):
                masks[name] = values[name] == columns.code(name, word)
        if filters.state:
            masks["state"] = self._shown == columns.code("state", filters.state)
        if filters.severity:
            masks["severity"] = values["severity"] == SEVERITIES[filters.severity]
        if filters.site:
            site = next((site for site, host in columns.hosts.items() if host == filters.site.lower()), -1)
            masks["site"] = values["site_id"] == site
        return masks

    def _left(self, *, but: str = "") -> "NDArray[np.bool_]":
        """Return what the filters leave; ``but`` is the list that is counted, which its own choice does not narrow."""
        left = np.ones(self._size, bool)
        for name, mask in self._masks.items():
            if name != but:
                left &= mask
        return left

    def _by_words(self, name: str) -> dict[str, int]:
        return self._by(name, self._columns.values[name], self._columns.words[name])

    def _by(self, name: str, codes: "NDArray[np.int32]", words: Mapping[int, str] | Sequence[str]) -> dict[str, int]:
        found = np.bincount(codes[self._left(but=name)])
        named = [(words[code], int(found[code])) for code in map(int, np.flatnonzero(found))]
        return dict(sorted(named, key=lambda item: (-item[1], item[0])))
