"""The label of a sentence from those of its claims, by the label handbook's order."""

from collections.abc import Sequence

from claimcheck.records import Label

__all__ = ["sentence_label"]

_ORDER = (Label.CONTRADICTED, Label.OVERSTATED, Label.UNVERIFIED, Label.SUPPORTED)


def sentence_label(labels: Sequence[Label], main_label: Label | None = None) -> Label:
    """Return the most serious of a sentence's labels, ``NOT_A_CLAIM`` when it makes no claim.

    The order is contradicted > overstated > unverified > supported. ``main_label`` is the label of the sentence's main
    assertion, the first when not given: where that one is supported, an unverified side remark does not outrank it.
    """
    judged = [label for label in labels if label is not Label.NOT_A_CLAIM]
    if not judged:
        return Label.NOT_A_CLAIM
    main = judged[0] if main_label is None else main_label
    worst = min(judged, key=_ORDER.index)
    if worst is Label.UNVERIFIED and main is Label.SUPPORTED and Label.SUPPORTED in judged:
        return Label.SUPPORTED
    return worst
