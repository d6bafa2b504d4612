"""How far two reviewers agree beyond chance, and how sure a share is: the formulas, on plain labels."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Interval", "cohens_kappa", "krippendorffs_alpha", "wilson"]

# Two-sided 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its 95 % interval, and what it is a share of."""

    share: float
    low: float
    high: float
    successes: int
    trials: int


def wilson(successes: int, trials: int) -> Interval:
    """Return the share with its Wilson score interval.

    Wilson, J Am Stat Assoc 1927;22:209, as recommended for small numbers by Brown, Cai, DasGupta, Stat Sci
    2001;16:101.

    :raises ValueError: when there are no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"found {successes} successes of {trials}, expected at least one trial")
    share, z2 = successes / trials, _Z * _Z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half), successes, trials)


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return Cohen's kappa of the first and second labels; None when chance alone would agree always.

    Cohen, Educ Psychol Meas 1960;20:37. None too without a pair: kappa is 0/0 then, and no number is made up.
    """
    if not pairs:
        return None
    number = len(pairs)
    observed = sum(first == second for first, second in pairs) / number
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    # Whole numbers until here, so that a single label gives exactly 1.
    by_chance = sum(firsts[label] * seconds[label] for label in firsts)
    if by_chance == number * number:
        return None
    expected = by_chance / (number * number)
    return (observed - expected) / (1 - expected)


def krippendorffs_alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Return Krippendorff's alpha for nominal labels; each unit holds the labels that its raters gave.

    Krippendorff, Content Analysis, 2nd ed., 2004, chapter 11: one less the observed disagreement over the expected
    one, by coincidences. Units with fewer than two labels say nothing. None when no two labels can differ.
    """
    pairable = [Counter(labels) for labels in units if len(labels) > 1]
    totals: Counter[str] = Counter()
    disagreement = 0.0
    for counter in pairable:
        number = sum(counter.values())
        totals.update(counter)
        same = sum(count * (count - 1) for count in counter.values())
        disagreement += (number * (number - 1) - same) / (number - 1)
    number = sum(totals.values())
    expected = number * number - sum(count * count for count in totals.values())
    return None if expected == 0 else 1 - (number - 1) * disagreement / expected
