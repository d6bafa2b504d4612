"""The reasons a decision can give: a code for counting, words for people, and the kinds of decision it goes with."""

from collections.abc import Mapping
from dataclasses import dataclass

from claimcheck.review.standing import Kind

__all__ = ["OTHER", "REASONS", "Reason", "reasons_for"]

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason's code, its words, and what it goes with."""

    code: str
    words: str
    kinds: frozenset[Kind]


_ALL = (
    Reason("evidence-agrees", "The cited evidence bears the verdict out", frozenset({Kind.CONFIRM})),
    Reason("too-harsh", "The verdict is harsher than the evidence", frozenset({Kind.CHANGE})),
    Reason("too-lenient", "The verdict is milder than the evidence", frozenset({Kind.CHANGE})),
    Reason("evidence-off-point", "The cited evidence does not bear on the claim", frozenset({Kind.CHANGE})),
    Reason("evidence-missing", "Evidence that decides the claim was not cited", frozenset({Kind.CHANGE})),
    Reason("claim-misread", "The claim was read wrongly from its sentence", frozenset({Kind.CHANGE, Kind.DISMISS})),
    Reason("context-changes-meaning", "The page says more that changes it", frozenset({Kind.CHANGE, Kind.DISMISS})),
    Reason("not-an-assertion", "It asserts nothing that can be checked", frozenset({Kind.DISMISS})),
    Reason("opinion", "It is an opinion or a wish", frozenset({Kind.DISMISS})),
    Reason("reported-speech", "It reports what somebody else says", frozenset({Kind.DISMISS})),
    Reason("off-topic", "It is not about a treatment", frozenset({Kind.DISMISS})),
    Reason("page-furniture", "It is a menu, a form or another part of the page", frozenset({Kind.DISMISS})),
    Reason("unsure", "I am not sure", frozenset({Kind.SECOND_OPINION})),
    Reason("outside-expertise", "It needs somebody who knows the field", frozenset({Kind.SECOND_OPINION})),
    Reason("high-stakes", "Too much rests on it for one person", frozenset({Kind.SECOND_OPINION})),
    Reason(OTHER, "Another reason, given in the note", frozenset(set(Kind) - {Kind.UNDO})),
)
REASONS: Mapping[str, Reason] = {reason.code: reason for reason in _ALL}


def reasons_for(kind: Kind) -> tuple[Reason, ...]:
    """Return the reasons that go with a kind of decision, in the order to offer them."""
    return tuple(reason for reason in _ALL if kind in reason.kinds)
