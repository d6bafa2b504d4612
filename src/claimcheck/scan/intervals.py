"""What a count says of a share: the Wilson interval, and how many to look at before none found means few there.

Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927;22:209-212.
The bound after none found is exact for draws without replacement (hypergeometric); for many claims it nears the rule of
three, 3/n (Hanley JA, Lippman-Hand A. If nothing goes wrong, is everything all right? JAMA 1983;249:1743-1745).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

__all__ = ["Interval", "bound_after_none", "sample_size", "wilson"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its interval, each between 0 and 1."""

    share: float
    low: float
    high: float


def wilson(count: int, total: int, *, confidence: float = 0.95) -> Interval:
    """Return the share ``count / total`` with its score interval.

    :raises ValueError: when there is nothing to divide by, or the count is out of range.
    """
    if total < 1 or not 0 <= count <= total:
        raise ValueError(f"found {count} of {total}, expected a count between 0 and a total of 1 or more")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = count / total
    scale = 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # At the ends the formula is 0 and 1 up to rounding.
    return Interval(share, 0.0 if count == 0 else middle - half, 1.0 if count == total else middle + half)


def sample_size(population: int, max_rate: float, *, confidence: float = 0.95) -> int:
    """Return the smallest sample that, if nothing is found in it, bounds the rate in the population by ``max_rate``.

    With that many drawn without replacement, a population of which more than ``max_rate`` is missed would show none
    with a probability of at most ``1 - confidence``. A population too small for that is looked at whole.

    :raises ValueError: when a rate or the confidence is not between 0 and 1.
    """
    if not (0 < max_rate < 1 and 0 < confidence < 1):
        raise ValueError(f"found {max_rate} and {confidence}, expected a rate and a confidence between 0 and 1")
    missed = math.floor(population * max_rate + 1e-9) + 1
    if population <= 0 or missed > population:
        return max(population, 0)
    limit = math.log(1 - confidence)
    low, high = 1, population
    while low < high:
        middle = (low + high) // 2
        if _log_none_found(population, missed, middle) <= limit:
            high = middle
        else:
            low = middle + 1
    return low


def bound_after_none(population: int, drawn: int, *, confidence: float = 0.95) -> float:
    """Return the greatest rate that ``drawn`` of a population without a find leaves open, at this confidence.

    :raises ValueError: when none was drawn, or more than there are.
    """
    if not 0 < drawn <= population:
        raise ValueError(f"found {drawn} drawn of {population}, expected 1 to all of them")
    limit, low, high = math.log(1 - confidence), 0, population
    while low < high:
        middle = (low + high + 1) // 2
        if _log_none_found(population, middle, drawn) > limit:
            low = middle
        else:
            high = middle - 1
    return low / population


def _log_none_found(population: int, missed: int, drawn: int) -> float:
    """Return the logarithm of the probability that no missed one is among those drawn."""
    if drawn > population - missed:
        return -math.inf
    return _log_choose(population - missed, drawn) - _log_choose(population, drawn)


def _log_choose(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
