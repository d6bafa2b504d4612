"""Words in a claim that absolve, absolutise or hedge, counted as features; no word decides a verdict.

The lists are closed classes of English marketing and medical prose, written from the label handbook's cases and not
from any claim that measures the tool.
"""

import re
from dataclasses import dataclass

__all__ = ["CUE_NAMES", "CueCount", "count_cues", "cue_spans"]

_PATTERNS = {
    "absolute": r"\b(?:always|never|every(?:one|body)?|all|any(?:one|body)|complete(?:ly)?|total(?:ly)?|entirely|"
    r"100\s?%|guarantee[ds]?|permanent(?:ly)?|forever|cure[ds]?|eliminat\w+|eradicat\w+|reverse[sd]?|for good|zero|"
    r"risk-free|instant(?:ly)?|immediate(?:ly)?|miracl\w+|perfect(?:ly)?|once and for all)\b",
    "booster": r"\b(?:proven|highly|extremely|incredibl[ey]|remarkabl[ey]|dramatic(?:ally)?|profound(?:ly)?|"
    r"powerful(?:ly)?|revolutionary|breakthrough|game[- ]chang\w+|life[- ]chang\w+|transform\w*|unparalleled|"
    r"superior|best|most effective|significant(?:ly)?|vast(?:ly)?|exceptional(?:ly)?|amazing|lasting|long[- ]lasting|"
    r"long[- ]term|sustained|rewir\w+|reset\w*|repair\w*|regrow\w*|regenerat\w+|heal\w*|rebuild\w*|restor\w+)\b",
    "hedge": r"\b(?:may|might|can|could|some|many|often|sometimes|usually|typically|generally|possibl[ey]|"
    r"potential(?:ly)?|suggest\w*|appear\w*|seem\w*|likely|thought to|believed to|early (?:research|evidence|"
    r"studies)|promis\w+|certain (?:people|patients)|in (?:some|many) (?:cases|people|patients)|temporar\w+|"
    r"short[- ]term|about|around|up to|not yet|limited|varies|vary|depend\w*|investigat\w+|being studied|"
    r"preliminary)\b",
    "negation": r"\b(?:no|not|non|without|never|nor|neither|free of|isn['’]t|aren['’]t|doesn['’]t|don['’]t|won['’]t|"
    r"can['’]t|hasn['’]t|haven['’]t|wasn['’]t)\b|\bnon-",
    "condition": r"\b(?:when|if|under|supervis\w+|monitor\w+|medical(?:ly)?|with (?:proper|careful|appropriate)|"
    r"for (?:adults|people|patients) (?:who|with|whose)|treatment[- ]resistant|in combination|along with|"
    r"together with)\b",
    "attribution": r"\b(?:stud(?:y|ies)|research\w*|trials?|evidence|clinical(?:ly)?|scientists?|experts?|data|shown|"
    r"found|FDA|according to)\b",
}
_COMPILED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _PATTERNS.items()}

CUE_NAMES = tuple(_PATTERNS)


@dataclass(frozen=True, slots=True)
class CueCount:
    """How often each class of cue occurs, in the order of ``CUE_NAMES``."""

    counts: tuple[int, ...]


def count_cues(text: str) -> CueCount:
    """Return how often each class of cue occurs in a claim."""
    return CueCount(tuple(len(_COMPILED[name].findall(text)) for name in CUE_NAMES))


def cue_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of absolute and boosting words, in order: candidates for the words that overstate."""
    found = {match.span() for name in ("absolute", "booster", "negation") for match in _COMPILED[name].finditer(text)}
    return sorted(found)
