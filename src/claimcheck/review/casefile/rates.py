"""How often each kind of flag is wrong: as measured for the shipped models, and as decided on this store.

The shipped figures are ``rates.json`` beside the models (``scripts/make_rates.py`` writes it from an evaluation). They
hold for the models that they were measured with; a store judged by others is told so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from claimcheck.errors import DamagedDataError
from claimcheck.records import Label
from claimcheck.review.agreement import Interval, wilson
from claimcheck.review.dashboard import ALL, precision

__all__ = ["ENOUGH", "RATES_FILE", "KnownRates", "Rate", "ReviewedKind", "known_rates", "reviewed_kinds"]

RATES_FILE = "rates.json"
SCHEMA = "claimcheck.rates/1"
_FLAGS = (Label.CONTRADICTED, Label.OVERSTATED)
# With fewer decided flags the 95% interval of a precision is wider than 0.4: a count says more than a rate.
ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Rate:
    """A share by its counts; of nothing there is no share."""

    hits: int
    of: int

    def interval(self) -> Interval | None:
        """Return the share with its 95% interval, or None when nothing was counted."""
        return wilson(self.hits, self.of) if self.of else None


@dataclass(frozen=True, slots=True)
class KnownRates:
    """The shipped figures: ``data`` says on what, ``is_of_these_models`` whether the store's models are the measured.

    ``wrong`` is the share of a kind's flags on claims that deserved none, ``other`` the share that deserved the other
    flag; ``missed`` the share of claims that deserved a flag and got none.
    """

    data: str
    measured: str
    is_of_these_models: bool
    wrong: Mapping[Label, Rate]
    other: Mapping[Label, Rate]
    missed: Rate


@dataclass(frozen=True, slots=True)
class ReviewedKind:
    """What reviewers made of one kind of flag on this store."""

    label: Label
    decided: int
    confirmed: int
    other_flag: int

    @property
    def wrong(self) -> Rate:
        """The share of flags that reviewers took away."""
        return Rate(self.decided - self.confirmed - self.other_flag, self.decided)


def known_rates(models: Path, versions: Mapping[str, Any]) -> KnownRates | None:
    """Return the shipped figures, or None when there are none.

    :raises DamagedDataError: when the file is there and is not what the script writes.
    """
    path = models / RATES_FILE
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["schema"] != SCHEMA:
            raise ValueError(f"schema {values['schema']!r}")
        confusion = {
            Label(gold): {Label(k): int(n) for k, n in row.items()} for gold, row in values["confusion"].items()
        }
        data, measured, used = str(values["data"]), str(values["measured"]), dict(values["models"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedDataError(f"{path}: found no rates as make_rates.py writes them ({error}); restore it") from error
    found = {label: {gold: row.get(label, 0) for gold, row in confusion.items()} for label in _FLAGS}
    totals = {label: sum(row.values()) for label, row in found.items()}
    wrong = {k: Rate(sum(n for gold, n in row.items() if gold not in _FLAGS), totals[k]) for k, row in found.items()}
    other = {
        kind: Rate(sum(n for gold, n in row.items() if gold in _FLAGS and gold is not kind), totals[kind])
        for kind, row in found.items()
    }
    deserved = {gold: confusion.get(gold, {}) for gold in _FLAGS}
    missed = sum(n for row in deserved.values() for label, n in row.items() if label not in _FLAGS)
    total = sum(n for row in deserved.values() for n in row.values())
    return KnownRates(data, measured, used == versions.get("models"), wrong, other, Rate(missed, total))


def reviewed_kinds(session: Session) -> tuple[ReviewedKind, ...]:
    """Return what reviewers of this store made of each kind of flag, over all sites and topics."""
    found = {row.verdict: row for row in precision(session) if row.topic == ALL}
    return tuple(
        ReviewedKind(
            label,
            row.flagged.trials if row else 0,
            row.exact.successes if row else 0,
            row.flagged.successes - row.exact.successes if row else 0,
        )
        for label in _FLAGS
        for row in [found.get(label)]
    )
