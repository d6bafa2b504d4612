"""Lists within a sentence taken apart: "safe, effective and non-addictive", "for depression, anxiety and PTSD"."""

import re
from dataclasses import dataclass

from claimcheck.claims.words import FINITE_VERBS, is_condition, plain, tokens

__all__ = ["depths", "split_lists"]

_RELATIVE = re.compile(r"(?i)\b(?:who|which|whose|that|where|when|whether|if|because|although|unless|until|once)\b")
_KINDS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "approval": r"\b(?:fda|approved|approval|cleared|legal|off-label)\b",
        "addiction": r"\b(?:non-?addictive|not addictive|addict\w*|habit[- ]forming|non-habit\S*|withdrawal\w*)\b",
        "safety": r"\b(?:safe|safer|side[- ]effects?|well[- ]tolerated|harmless|risk[- ]free|risks?|gentle|"
        r"non-?toxic)\b",
        "speed": r"\b(?:fast|rapid|quick|immediate|instant|fast[- ]acting|rapid[- ]acting|quick[- ]acting)\b",
        "duration": r"\b(?:(?:long|longer)[- ](?:lasting|term)|lasting|permanent|durable|enduring|short-lived)\b",
        "efficacy": r"\b(?:effective|efficacious|successful|powerful)\b",
        "cost": r"\b(?:affordable|covered|inexpensive|expensive|cheap)\b",
        "invasive": r"\b(?:non-?invasive|painless|drug-free)\b",
    }.items()
}

_TREATS = re.compile(
    r"(?i)\b(?:treat(?:s|ed|ing|ment|ments)?|help(?:s|ed|ing|ful)?|effective(?:ly)?|effectiveness|efficacy|"
    r"relie(?:f|ve|ves|ving)|"
    r"improve[sd]?|improv(?:ing|ements?)|reduc(?:e[sd]?|ing|tions?)|decreas\w+|benefi\w+|approved|approval|works?|"
    r"used|using|use|"
    r"therapy|studied|option|alleviat\w+|manag\w+|eas(?:e[sd]?|ing)|combat\w*|cur(?:e[sd]?|ing)|promis\w+|results|"
    r"eliminat\w+|"
    r"indicated|useful|prescribed|heal\w*|solution|breakthrough|address\w*|target\w*|off-label|lift\w*|success\w*|"
    r"symptoms of|evidence|resolv\w+|revers\w+)\b"
)
_NOT_LIST = re.compile(
    r"(?i)\b(?:between|combin\w+|equally|off-label|not (?:fda[- ])?approved|isn['’]t (?:fda[- ])?approved|(?:and|"
    r"but) not for|co-?occurring|co-?morbid\w*|both|simultaneous\w*|"
    r"together|affects?|"
    r"suffer\w*|"
    r"link\w*|associated|"
    r"prevalence|diagnos\w+|history|causes?|caused|side effects?|contraindicat\w*|"
    r"americans|versus|vs|or both|relationship|overlap\w*|lives? with|living with|million|experience[sd]?|"
    r"insurance|who|potential for|risk of|risk for|like some|other medications|"
    r"trigger\w*|symptoms? (?:such as|like|including))\b"
)


def split_lists(text: str) -> list[str]:
    """Return one text for each condition, else one for each attribute: never the product of both."""
    parts = _conditions(text)
    return parts if len(parts) > 1 else _attributes(text)


def depths(text: str) -> list[bool]:
    """Return for each character whether it stands inside brackets or quotation marks."""
    inside, depth, quoted = [], 0, False
    for letter in text:
        if letter in "([“":
            depth += 1
        elif letter in ")]”":
            depth = max(0, depth - 1)
        elif letter == '"':
            quoted = not quoted
        inside.append(depth > 0 or quoted)
    return inside


# --- "X is safe, effective and non-addictive" -----------------------------------------------------------------------


def _kind(text: str) -> str:
    kinds = [name for name, pattern in _KINDS.items() if pattern.search(text)]
    return kinds[0] if len(kinds) == 1 else ""


_LIST = r"[^,;()]+?(?:,\s*[^,;()]+?)*,?\s+and\s+[^,;()]+?"
_ATTRIBUTES = re.compile(
    rf"^(?P<head>.*?\b(?:is|are)\s+(?:also\s+|both\s+|a\s+|an\s+|considered\s+|generally\s+|"
    rf"very\s+)*)(?P<list>{_LIST})"
    r"(?P<tail>(?:\s+(?:treatment|therapy|option|medication|alternative|solution|drug|way|approach)\b.*)|[.!]|$)"
)


def _attributes(text: str) -> list[str]:
    # Its lazy groups are quadratic in the text, and a hostile page may send long ones.
    match = _ATTRIBUTES.match(text) if len(text) <= 300 else None
    if match is None or any(depths(text)) or _RELATIVE.search(match["head"]):
        return [text]
    items = _items(match["list"])
    kinds = [_kind(item) for item in items]
    if len(items) < 2 or not all(kinds) or len(set(kinds)) < len(kinds) or any(len(tokens(i)) > 4 for i in items):
        return [text]
    head = re.sub(r"(?i)\bboth\s+$", "", match["head"])
    result = []
    for item in items:
        fitted = head
        if re.search(r"(?i)\ban?\s+$", head):
            fitted = re.sub(r"(?i)\ban?\s+$", "an " if item[:1].lower() in "aeiou" else "a ", head)
        result.append(fitted + item + match["tail"])
    return result


def _items(text: str) -> list[str]:
    return [
        item.strip() for item in re.split(r",\s*(?:(?:and|or)\s+)?|\s+(?:and/or|and|or|&)\s+", text) if item.strip()
    ]


# --- "X is effective for depression, anxiety and PTSD" --------------------------------------------------------------

_SEPARATOR = re.compile(
    r"\s*,\s*(?:(?:and/or|and|or|as\s+well\s+as|&)\s+)?(?:even\s+)?|\s+(?:and/or|and|or|as\s+well\s+as|&)\s+"
)
_BEFORE_LIST = re.compile(
    r"(?i)\b(?:(?:conditions?|disorders?|issues|ailments|illnesses)\s+(?:such as|including|like)\s+)$"
)


def _conditions(text: str) -> list[str]:
    run = _condition_run(text)
    if run is None:
        return [text]
    start, end, items = run.start, run.end, run.items
    head, tail = text[:start], text[end:]
    if (_SEPARATOR.match(tail) and not _AFTER_COMMA.match(tail)) or _LIST_OPEN.search(head):
        # The list goes on with something this module does not know.
        return [text]
    if not _TREATS.search(head) or _NOT_LIST.search(head) or _follows_as_modifier(tail):
        return [text]
    return [f"{head}{item}{tail}" for item in items]


_MODIFIERS = frozenset(
    "acute chronic severe moderate mild major bipolar unipolar treatment-resistant treatment-refractory resistant "
    "refractory "
    "spinal neuropathic suicidal postpartum generalized social clinical persistent back neck nerve mental physical "
    "emotional "
    "alcohol opioid substance unipolar drug mood panic eating".split()
)
_AFTER_COMMA = re.compile(
    r"(?i)^,\s+(?:often|usually|typically|sometimes|with|without|when|even|but|which|and (?:it|they|is|are|has|can|"
    r"may)|especially|"
    r"particularly|giving|offering|providing|helping|making|by|in|within|though|although|while|whereas|where|as|"
    r"for|so|including|"
    r"among|after|at|because|since|rather|not|if|meaning)\b"
)
_LIST_OPEN = re.compile(r"(?i)(?:,|\band|\bor)\s*$|\b(?:acute|chronic|severe)\s+(?:and|or)\s+$")


@dataclass(frozen=True, slots=True)
class _Run:
    """A list of conditions within a sentence."""

    start: int
    end: int
    items: list[str]


def _follows_as_modifier(tail: str) -> bool:
    """Return whether the list only modifies the noun after it, as in "anxiety and depression symptoms"."""
    words = tokens(tail)
    joined = re.match(r"^\s+[a-z]", tail) is not None
    return joined and bool(words) and plain(words[0]) not in _AFTER_LIST and plain(words[0]) not in FINITE_VERBS


_AFTER_LIST = frozenset(
    "in for when with by within after without at among through because since that who under during even from on "
    "more as "
    "if where while but following than via often quickly rapidly fast using today here using over".split()
)


def _condition_run(text: str) -> _Run | None:
    """Return the longest run of joined conditions."""
    if any(depths(text)) and not re.search(r"\([A-Za-z-]{2,8}\)", text):
        return None
    joints = [match for match in _SEPARATOR.finditer(text) if not _shares_noun(text, match)]
    best: _Run | None = None
    index = 0
    while index < len(joints):
        run, index = _run_from(text, joints, index)
        if run and (best is None or len(run.items) > len(best.items)):
            best = run
    return best


def _run_from(text: str, joints: list[re.Match[str]], index: int) -> tuple[_Run | None, int]:
    """Return the run around the joint at ``index``, None when it joins no two conditions, and where to go on."""
    first = _last_condition(text[: joints[index].start()])
    if not first:
        return None, index + 1
    start, end, items, place = joints[index].start() - len(first), joints[index].start(), [first], index
    while place < len(joints):
        begin = joints[place].end()
        stop = joints[place + 1].start() if place + 1 < len(joints) else len(text)
        item = _first_condition(text[begin:stop])
        if not item:
            break
        items.append(item)
        end = begin + len(item)
        place += 1
        if end < stop:
            break
    return (_Run(start, end, items) if len(items) > 1 else None), max(place, index + 1)


def _shares_noun(text: str, joint: re.Match[str]) -> bool:
    """Return whether a joint only joins two modifiers of one noun, as in "acute and chronic pain"."""
    if "," in joint.group(0):
        return False
    before, after = tokens(text[: joint.start()]), tokens(text[joint.end() :])
    return bool(before and after) and plain(before[-1]) in _MODIFIERS and plain(after[0]) in _MODIFIERS


def _last_condition(text: str) -> str:
    words = list(re.finditer(r"\S+", text))
    for count in range(min(5, len(words)), 0, -1):
        phrase = text[words[-count].start() :]
        if is_condition(phrase):
            return phrase
    return ""


def _first_condition(text: str) -> str:
    words = list(re.finditer(r"\S+", text))
    for count in range(min(5, len(words)), 0, -1):
        phrase = text[: words[count - 1].end()].rstrip(".!,;:")
        if is_condition(phrase):
            return phrase
    return ""
