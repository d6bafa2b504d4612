"""Words in a claim that absolve, absolutise or hedge, counted as features; no word decides a verdict.

The lists are closed classes of English marketing and medical prose, written from the label handbook's cases and not from
any claim that measures the tool.
"""

import re
from dataclasses import dataclass

__all__ = ["CUE_NAMES", "CueCount", "count_cues", "cue_spans"]

_PATTERNS = {
    "absolute": r"\b(?:always|never|every(?:one|body)?|all|any(?:one|body)|complete(?:ly)?|total(?:ly)?|entirely|100\s?%|"
    r"guarantee[ds]?|permanent(?:ly)?|forever|cure[ds]?|eliminat\w+|eradicat\w+|reverse[sd]?|for good|zero|risk-free|"
    r"instant(?:ly)?|immediate(?:ly)?|miracl\w+|perfect(?:ly)?|once and for all)\b",
    "booster": r"\b(?:proven|highly|extremely|incredibl[ey]|remarkabl[ey]|dramatic(?:ally)?|profound(?:ly)?|powerful(?:ly)?|"
    r"revolutionary|breakthrough|game[- ]chang\w+|life[- ]chang\w+|transform\w*|unparalleled|superior|best|most effective|"
    r"significant(?:ly)?|vast(?:ly)?|exceptional(?:ly)?|amazing|lasting|long[- ]lasting|long[- ]term|sustained|"
    r"rewir\w+|reset\w*|repair\w*|regrow\w*|regenerat\w+|heal\w*|rebuild\w*|restor\w+)\b",
    "hedge": r"\b(?:may|might|can|could|some|many|often|sometimes|usually|typically|generally|possibl[ey]|potential(?:ly)?|"
    r"suggest\w*|appear\w*|seem\w*|likely|thought to|believed to|early (?:research|evidence|studies)|promis\w+|"
    r"certain (?:people|patients)|in (?:some|many) (?:cases|people|patients)|temporar\w+|short[- ]term|about|around|up to|"
    r"not yet|limited|varies|vary|depend\w*|investigat\w+|being studied|preliminary)\b",
    "negation": r"\b(?:no|not|non|without|never|nor|neither|free of|isn['’]t|aren['’]t|doesn['’]t|don['’]t|won['’]t|can['’]t|"
    r"hasn['’]t|haven['’]t|wasn['’]t)\b|\bnon-",
    "condition": r"\b(?:when|if|under|supervis\w+|monitor\w+|medical(?:ly)?|with (?:proper|careful|appropriate)|for (?:adults|"
    r"people|patients) (?:who|with|whose)|treatment[- ]resistant|in combination|along with|together with)\b",
    "attribution": r"\b(?:stud(?:y|ies)|research\w*|trials?|evidence|clinical(?:ly)?|scientists?|experts?|data|shown|found|"
    r"FDA|according to)\b",
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
