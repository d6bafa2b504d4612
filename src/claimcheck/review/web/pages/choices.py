"""From a decision's form to a choice of the domain, and back: what can be chosen, with which reasons."""

from collections.abc import Sequence

from claimcheck.review.decisions import Choice, bulk_decide
from claimcheck.review.errors import InvalidError
from claimcheck.review.reasons import Reason, reasons_for
from claimcheck.review.standing import Kind
from claimcheck.review.web.pages.door import Form, Visit

__all__ = ["bulk_choice_of", "choice_of", "decide_together", "reason_groups"]

_TITLES = {
    Kind.CHANGE: "Why change it?",
    Kind.DISMISS: "Why is it not a claim?",
    Kind.SECOND_OPINION: "Why a second opinion?",
}


def reason_groups() -> list[tuple[str, str, tuple[Reason, ...]]]:
    """Return the reasons to offer, by the kind of decision that needs one: kind, question and reasons."""
    return [(str(kind), title, reasons_for(kind)) for kind, title in _TITLES.items()]


def choice_of(form: Form) -> Choice:
    """Return the choice that a finding's form made. ``quick`` is a button that chooses by itself.

    :raises InvalidError: when nothing was chosen, or it does not fit together.
    """
    kind, label = _kind_and_label(form.text("quick") or form.text("choice"))
    return Choice(
        kind,
        label=label,
        reason=form.text(f"reason_{kind}"),
        note=form.text("note"),
        evidence_added=tuple(" ".join(form.texts("added")).replace(",", " ").split()),
        evidence_struck=form.texts("struck"),
    )


def bulk_choice_of(form: Form) -> Choice:
    """Return the choice that the queue's form made for what is selected.

    :raises InvalidError: when nothing was chosen, or it does not fit together.
    """
    kind, label = _kind_and_label(form.text("choice"))
    of, _, reason = form.text("reason").partition(":")
    return Choice(kind, label=label, reason=reason if of == kind else "", note=form.text("note"))


def decide_together(visit: Visit, finding_ids: Sequence[int], choice: Choice) -> str:
    """Return the name of the batch that the findings were decided in.

    :raises ReviewError: when one of them cannot be decided so; none is, then.
    """
    decided = bulk_decide(visit.session, visit.account, choice, finding_ids=finding_ids)
    return decided[0].decision.batch


def _kind_and_label(value: str) -> tuple[Kind, str]:
    name, _, label = value.partition(":")
    if not name:
        raise InvalidError("nothing is chosen; choose to confirm, change or dismiss it, or to ask for a second opinion")
    if name not in set(Kind):
        raise InvalidError(f"found the decision {name[:40]!r}, expected one of {', '.join(Kind)}")
    return Kind(name), label
