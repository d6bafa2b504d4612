"""The dashboard: how far the review is, how far reviewers agree, and how often a flag was right."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import Integer, case, func, select
from sqlalchemy.orm import Session

from claimcheck.records import Label
from claimcheck.review.agreement import Interval, cohens_kappa, krippendorffs_alpha, wilson
from claimcheck.review.columns import columns_of
from claimcheck.review.filters import SEVERITIES
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.projection import sync
from claimcheck.review.standing import Decision, Kind, Round, State, decision_of, live_ids
from claimcheck.store.models import utc_now
from claimcheck.store.review_models import AccountRow, DecisionRow, ReviewStateRow

__all__ = ["FLAGS", "Agreement", "Dashboard", "Precision", "Progress", "agreement", "dashboard", "precision"]

# What the models raise as wrong with a claim.
FLAGS = (Label.OVERSTATED, Label.CONTRADICTED)
ALL = "all"
DAYS_SHOWN = 30
SITES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """Current findings by state, decisions by person and day, and what is left: by severity, and the fullest sites."""

    states: Mapping[str, int]
    by_account: Mapping[str, int]
    per_day: Mapping[str, int]
    left_by_severity: Mapping[str, int]
    left_by_site: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two blind reviews compared: on the label, and on whether the claim is flagged at all.

    None where the figure does not exist (no pair, or only one label ever given).
    """

    topic: str
    findings: int
    same: int
    kappa: float | None
    alpha: float | None
    kappa_flagged: float | None


@dataclass(frozen=True, slots=True)
class Precision:
    """Flags of a topic as people decided them.

    ``flagged``: the claim is overstated or contradicted, whichever of the two the flag said. ``exact``: the verdict
    itself was right. ``dismissed``: it was no claim.
    """

    topic: str
    verdict: str
    flagged: Interval
    exact: Interval
    dismissed: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything that the dashboard shows."""

    progress: Progress
    agreement: tuple[Agreement, ...]
    precision: tuple[Precision, ...]


def dashboard(session: Session, account: Account) -> Dashboard:
    """Return the dashboard.

    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    sync(session)
    return Dashboard(_progress(session), agreement(session), precision(session))


def agreement(session: Session) -> tuple[Agreement, ...]:
    """Return how far blind second reviews agree with the first, over all topics and by topic."""
    by_topic: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for topic, first, second in _blind_pairs(session):
        by_topic[topic].append((first, second))
        by_topic[ALL].append((first, second))
    return tuple(_agreement(topic, by_topic[topic]) for topic in sorted(by_topic, key=lambda name: (name != ALL, name)))


def precision(session: Session) -> tuple[Precision, ...]:
    """Return how often flags were right as decided, over all, by verdict and by topic and verdict.

    Reviewers see the flag before they decide, which pulls towards it: read the shares as an upper estimate.
    """
    row = ReviewStateRow
    right = func.sum(case((row.label.in_(FLAGS), 1), else_=0), type_=Integer)
    exact = func.sum(case((row.label == row.verdict, 1), else_=0), type_=Integer)
    dismissed = func.sum(case((row.label == str(Label.NOT_A_CLAIM), 1), else_=0), type_=Integer)
    query = (
        select(row.topic, row.verdict, func.count(), right, exact, dismissed)
        .where(row.done.is_(True), row.verdict.in_(FLAGS))
        .group_by(row.topic, row.verdict)
    )
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for topic, verdict, *numbers in session.execute(query):
        for key in ((ALL, ALL), (ALL, verdict), (topic, ALL), (topic, verdict)):
            sums[key] = [have + int(more) for have, more in zip(sums[key], numbers, strict=True)]
    order = sorted(sums, key=lambda key: (key[0] != ALL, key[0], key[1] != ALL, key[1]))
    return tuple(
        Precision(*key, wilson(sums[key][1], sums[key][0]), wilson(sums[key][2], sums[key][0]), sums[key][3])
        for key in order
    )


def _progress(session: Session) -> Progress:
    # By everything ever decided, not by finding: what waits for a second review shows as a number, never by name.
    made = DecisionRow.kind != str(Kind.UNDO)
    people = session.execute(
        select(AccountRow.name, func.count())
        .join(DecisionRow, DecisionRow.account_id == AccountRow.id)
        .where(made)
        .group_by(AccountRow.name)
        .order_by(AccountRow.name)
    )
    since = utc_now() - timedelta(days=DAYS_SHOWN)
    times = session.scalars(select(DecisionRow.created_at).where(made, DecisionRow.created_at > since))
    days = Counter(f"{time:%Y-%m-%d}" for time in times)
    columns = columns_of(session, None)
    states = columns.values["state"]
    left = states != columns.code("state", State.DECIDED)
    severities = np.bincount(columns.values["severity"][left], minlength=len(SEVERITIES))
    sites = np.bincount(columns.values["site_id"][left])
    fullest = sorted(np.flatnonzero(sites).tolist(), key=lambda site: (-sites[site], columns.hosts[site]))
    return Progress(
        {str(state): int(np.count_nonzero(states == columns.code("state", state))) for state in State},
        {name: number for name, number in people},
        dict(sorted(days.items())),
        {word: int(severities[number]) for word, number in reversed(tuple(SEVERITIES.items())) if severities[number]},
        {columns.hosts[site]: int(sites[site]) for site in fullest[:SITES_SHOWN]},
    )


def _blind_pairs(session: Session) -> list[tuple[str, str, str]]:
    twice = select(DecisionRow.finding_id).where(DecisionRow.round == str(Round.SECOND), DecisionRow.blind).distinct()
    query = (
        select(DecisionRow, ReviewStateRow.topic)
        .join(ReviewStateRow, ReviewStateRow.finding_id == DecisionRow.finding_id)
        .where(DecisionRow.finding_id.in_(twice))
        .order_by(DecisionRow.finding_id, DecisionRow.id)
    )
    made: dict[int, list[Decision]] = defaultdict(list)
    topics: dict[int, str] = {}
    for row, topic in session.execute(query):
        made[row.finding_id].append(decision_of(row, ""))
        topics[row.finding_id] = topic
    pairs = []
    for finding_id, decisions in made.items():
        ids = live_ids(decisions)
        labels = {decision.round: decision.label for decision in decisions if decision.id in ids and decision.blind}
        first, second = labels.get(Round.FIRST, ""), labels.get(Round.SECOND, "")
        if first and second:
            pairs.append((topics[finding_id], first, second))
    return pairs


def _agreement(topic: str, pairs: list[tuple[str, str]]) -> Agreement:
    flagged = [(str(first in FLAGS), str(second in FLAGS)) for first, second in pairs]
    return Agreement(
        topic,
        len(pairs),
        sum(first == second for first, second in pairs),
        cohens_kappa(pairs),
        krippendorffs_alpha(pairs),
        cohens_kappa(flagged),
    )
