"""A verdict's place in a reviewer's queue: from the label, the harm at stake and the confidence.

Safety, addiction, approval, suicidality and eligibility come first: a patient who believes a false claim there skips a
warning, where one who believes a false price or date loses less.
"""

from claimcheck.records import Label, Severity

__all__ = ["HARM_TOPICS", "severity_of"]

HARM_TOPICS = frozenset({"safety_side_effects", "addiction", "approval_legal", "suicidality", "eligibility"})


def severity_of(label: Label, topic: str, confidence: float) -> Severity:
    """Return high, medium, low or none for a verdict."""
    harmful = topic in HARM_TOPICS
    if label is Label.CONTRADICTED:
        return Severity.HIGH if harmful or confidence >= 0.5 else Severity.MEDIUM
    if label is Label.OVERSTATED:
        return Severity.MEDIUM if harmful or confidence >= 0.7 else Severity.LOW
    return Severity.LOW if label is Label.UNVERIFIED else Severity.NONE
