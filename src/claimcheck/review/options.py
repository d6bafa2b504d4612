"""The options that a team's review shares: kept in the store, changed by a lead, every change in the trail."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.review.acts import append, lock
from claimcheck.review.errors import InvalidError
from claimcheck.review.permissions import Account, Act, require
from claimcheck.store.review_models import ReviewOptionRow

__all__ = ["OPTIONS_HELP", "ReviewOptions", "needs_two", "review_options", "set_options"]

OPTIONS_HELP = {
    "double_share": "share of findings that two reviewers decide, neither seeing the other's decision: 0 none, 1 all",
    "lease_minutes": "minutes that an opened finding is kept for whoever opened it",
}


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """The options; see ``OPTIONS_HELP``."""

    double_share: float = 0.0
    lease_minutes: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.double_share <= 1:
            raise InvalidError(f"found double_share {self.double_share}, expected 0 to 1")
        if not 1 <= self.lease_minutes <= 240:
            raise InvalidError(f"found lease_minutes {self.lease_minutes}, expected 1 to 240")


def review_options(session: Session) -> ReviewOptions:
    """Return the options as they stand."""
    known = {field.name for field in fields(ReviewOptions)}
    rows = session.execute(select(ReviewOptionRow.name, ReviewOptionRow.value)).all()
    return ReviewOptions(**{row.name: json.loads(row.value) for row in rows if row.name in known})


def set_options(session: Session, account: Account, options: ReviewOptions) -> ReviewOptions:
    """Return the options as set now; findings decided before stay as they are.

    :raises NotAllowedError: when the account is no lead.
    """
    require(account, Act.SET_OPTIONS)
    lock(session)
    before = asdict(review_options(session))
    changed = {name: value for name, value in asdict(options).items() if before[name] != value}
    for name, value in changed.items():
        session.merge(ReviewOptionRow(name=name, value=json.dumps(value)))
    if changed:
        was = {name: before[name] for name in changed}
        append(session, account, "set-options", "options", {"from": was, "to": changed})
    return options


def needs_two(finding_id: int, options: ReviewOptions) -> bool:
    """Return whether two reviewers decide this finding: the same answer each time, as if drawn at random."""
    draw = int(hashlib.sha256(f"second review of finding {finding_id}".encode()).hexdigest()[:12], 16)
    return draw / 16**12 < options.double_share
