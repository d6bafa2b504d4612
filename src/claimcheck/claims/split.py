"""Coordinated assertions taken apart: one text for each thing a sentence says, hedges and conditions kept with each.

A rule-based splitter over words. It splits where a closed pattern matches and leaves everything else whole, because a
wrong split makes a claim nobody made, while a missed one only leaves a longer claim.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from claimcheck.claims.words import (
    AUXILIARIES,
    BASE_VERBS,
    FINITE_VERBS,
    TOKEN,
    VERB_FORMS,
    finite_verb_at,
    is_condition,
    lower_first,
    tokens,
)

__all__ = ["split_assertions"]

# Longer than any sentence of the training pages needs; stops a hostile page from making thousands of claims.
MAX_CLAIMS = 16
MAX_LENGTH = 2000

_CLAUSE_JOIN = re.compile(r"\s*;\s+(?:and\s+|but\s+|however,?\s+)?|,\s+(?:and|but)\s+(?!only\b|not\b)")
_BARE_AND = re.compile(
    r"(?i)\s+and\s+(?=(?:it|they|there|you|most|many|some|patients|people|(?:the|its|their)\s+(?:\w+\s+)?"
    r"(?:effects?|benefits?|results?|risks?|symptoms?|improvements?|relief))\s)"
)
_VERB_JOIN = re.compile(r"(?:,\s*(?:and|but)|\s+and|\s+but|,)\s+(?=[a-z])")
_SUBORDINATE = re.compile(
    r"(?i)^(?:if|when|while|because|since|although|though|as|whether|unless|once|before|after|for|in|with|by|unlike|"
    r"according|despite|until|during|to|from|under|at|even)\b"
)
_RELATIVE = re.compile(r"(?i)\b(?:who|which|whose|that|where|when|whether|if|because|although|unless|until|once)\b")
# What the clinic does about it is no claim: "It can be misused, so we send none of it home."
_CONSEQUENCE = re.compile(r"(?i),\s+so\s+(?:we|please|our\s+\w+)\b[^.!;]*(?P<stop>[.!]?)$")
# "and do not prevent them", "and neither is Y": what these stand for would stay behind in the other half.
_POINTS_BACK = re.compile(
    r"(?i)^(?:neither|nor|so|that|this)\b|\w\s+(?:them|it|that|so)(?:\s+(?:too|either|all|well))?\W*$|\bdone\s+so\b"
)
_CONTRAST = re.compile(r"(?i)\b(?:while|whereas|although|though|than|unlike)\b")
_FRAME = re.compile(
    r"(?i)^(?:(?:[\w'’%-]+\s+){0,8}?(?:shows?|showed|shown|suggests?|suggested|indicates?|found|finds?|"
    r"demonstrates?d?|"
    r"demonstrated|believes?|believed|reports?|reported|says?|confirms?|confirmed|concluded|know|known)\s+that\s+|"
    r"(?:according\s+to|in\s+(?!\d|the\s+\d|recent|fact)|for\s+(?:some|many|most)|when|under|with|"
    r"at)\b[^,;:(]{2,70},\s+)"
)
_SCOPE = re.compile(
    r"(?i)[,\s]+((?:in|for)\s+(?:some|many|most|certain|a\s+few|the\s+majority\s+of)\s+(?:patients|people|cases|"
    r"individuals|"
    r"adults)|(?:when|if|provided|as\s+long\s+as)\s+[^,;]+|(?:under|with)\s+(?:\w+[\s-]){0,3}(?:supervision|"
    r"monitoring|"
    r"guidance|oversight|care)|in\s+(?:a|an|our)\s+(?:\w+[\s-]){0,3}(?:setting|environment|clinic|office))[.!]?$"
)
_PRONOUN = re.compile(r"(?i)^(it|they|this|these)\b")
_BE = frozenset("is are was were isn't aren't".split())
_MODAL = frozenset("can could may might will would should must cannot can't won't".split())
_DETACHED = frozenset(
    "that which who whose where when if because although to of for with by as than not nor or".split()
)
_THIRD = frozenset(word for word in FINITE_VERBS if word.endswith("s") and word not in AUXILIARIES) | frozenset(
    "works helps treats causes blocks boosts offers increases".split()
)

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
    r"(?i)\b(?:between|combin\w+|co-?occurring|co-?morbid\w*|both|simultaneous\w*|together|affects?|suffer\w*|"
    r"link\w*|associated|"
    r"prevalence|diagnos\w+|history|causes?|caused|side effects?|contraindicat\w*|"
    r"americans|versus|vs|or both|relationship|overlap\w*|lives? with|living with|million|experience[sd]?|"
    r"insurance|who|potential for|risk of|risk for|like some|other medications|"
    r"trigger\w*|symptoms? (?:such as|like|including))\b"
)


def split_assertions(text: str) -> list[str]:
    """Return the assertions of a sentence in order, at least one; what fits no rule comes back as it stands."""
    if len(text) > MAX_LENGTH:
        return [text]
    pieces = [text]
    for rule in (_clauses, _predicates, _lists):
        pieces = [part for piece in pieces for part in _applied(rule, piece)]
        if len(pieces) > MAX_CLAIMS:
            return [text]
    return pieces


def _lists(text: str) -> list[str]:
    """Return one text for each condition, else one for each attribute: never the product of both."""
    parts = _conditions(text)
    return parts if len(parts) > 1 else _attributes(text)


def _applied(rule: Callable[[str], list[str]], piece: str) -> list[str]:
    parts = [part for part in (_closed(part) for part in rule(piece)) if part]
    # A part too short to say anything shows that the rule misread the sentence.
    return parts if parts and all(len(tokens(part)) >= 2 for part in parts) else [piece]


def _closed(part: str) -> str:
    part = part.strip(" ,;")
    return part[:1].upper() + part[1:]


def _depths(text: str) -> list[bool]:
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


def _outside(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    inside = _depths(text)
    return [match for match in pattern.finditer(text) if not inside[match.start()]]


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")


def _stop(text: str) -> str:
    return text[-1] if text[-1:] in {".", "!"} else ""


def _frame(text: str) -> str:
    match = _FRAME.match(text)
    return match.group(0) if match else ""


# --- "X is A, and Y is B" --------------------------------------------------------------------------------------------


def _clauses(text: str) -> list[str]:
    text = _CONSEQUENCE.sub(r"\g<stop>", text)
    frame = _frame(text)
    body = text[len(frame) :]
    if _SUBORDINATE.match(body):
        return [text]
    for match in sorted(_outside(_CLAUSE_JOIN, body) + _outside(_BARE_AND, body), key=lambda match: match.start()):
        left, right = body[: match.start()], body[match.end() :]
        if (
            not _is_clause(left)
            or not _is_clause(right)
            or _SUBORDINATE.match(right)
            or not _opens_clause(right)
            or _POINTS_BACK.search(right)
        ):
            continue
        pronoun = re.match(r"(?i)(it|they)\b", right)
        if pronoun:
            subject = _subject(left)
            if not subject or _plain(subject) in _PERSONS or _is_plural(subject) != (_plain(pronoun[1]) == "they"):
                continue
            right = subject + right[pronoun.end() :]
        return [
            frame + (lower_first(left) if frame else left) + _stop(text),
            *_clauses(frame + (lower_first(right) if frame else right)),
        ]
    return [text]


def _is_clause(text: str) -> bool:
    return len(tokens(text)) >= 3 and finite_verb_at(text, 9) > 0


def _opens_clause(text: str) -> bool:
    words = [_plain(word) for word in tokens(text)]
    verb = finite_verb_at(text, 9)
    head = words[:verb]
    if words and words[0] in _DETERMINERS:
        head = [word for word in head if word not in {"of", "for", "to", "with"}]
    # "and depression is" may close a list; a clause of its own opens with a determiner, a pronoun or a name.
    return (
        not any(word in _DETACHED or word in VERB_FORMS for word in head) and "," not in text[: text.find(words[verb])]
    )


_DETERMINERS = frozenset("the this these its their our most many some each a an about".split())
_PERSONS = frozenset("we you i he she people patients they".split())
_ADVERB_END = re.compile(r"(?i)\s+(?:also|often|usually|typically|generally|sometimes|currently|still|now|\w+ly)$")


def _is_plural(subject: str) -> bool:
    last = tokens(subject)[-1].lower() if tokens(subject) else ""
    return last.endswith("s") and not last.endswith(("ss", "us", "is"))


def _subject(clause: str) -> str:
    """Return what stands before the first finite verb, "" when that is not plainly one noun phrase."""
    words = list(TOKEN.finditer(clause))
    verb = finite_verb_at(clause, 6)
    if verb <= 0:
        return ""
    subject = clause[: words[verb].start()].strip()
    unsure = _RELATIVE.search(subject) or _PRONOUN.match(subject) or re.search(r"[,:;(]", subject)
    return "" if unsure or words[0].group(0).lower() == "there" else subject


# --- "X is A and has B" ----------------------------------------------------------------------------------------------


def _predicates(text: str) -> list[str]:
    frame = _frame(text)
    body = text[len(frame) :]
    subject = _subject(body)
    if not subject or _SUBORDINATE.match(body):
        return [text]
    rest = body[len(subject) :].lstrip()
    first = _plain(tokens(rest)[0]) if tokens(rest) else ""
    cuts = [match for match in _outside(_VERB_JOIN, rest) if _continues(rest, match, first)]
    if not cuts:
        return [text]
    # A comma alone joins predicates only in a series that an "and" closes.
    if cuts[-1].group(0).strip() == ",":
        return [text]
    bounds = [0, *(match.end() for match in cuts)]
    ends = [*(match.start() for match in cuts), len(rest)]
    parts = [rest[start:end] for start, end in zip(bounds, ends, strict=True)]
    modal = _modal_chain(parts[0], first)
    scope = _SCOPE.search(parts[-1])
    result = []
    for index, part in enumerate(parts):
        verb = _plain(tokens(part)[0]) if tokens(part) else ""
        carried = modal if index and first in _MODAL and verb in BASE_VERBS and verb not in AUXILIARIES else ""
        tail = f" {scope.group(1)}" if scope and index < len(parts) - 1 else ""
        named = _ADVERB_END.sub("", subject) if index else subject
        result.append(f"{frame}{named} {carried}{part.rstrip(' ,.!')}{tail}{_stop(text)}")
    return result


def _modal_chain(part: str, first: str) -> str:
    match = re.match(r"\S+\s+(?:(?:also|often|usually|sometimes|help|helps)\s+(?:to\s+)?)*", part)
    return match.group(0) if match and first in _MODAL else ""


def _continues(rest: str, match: re.Match[str], first: str) -> bool:
    """Return whether what follows the joint is a predicate of the sentence's own subject."""
    left, right = rest[: match.start()], rest[match.end() :]
    words = [_plain(word) for word in tokens(right)]
    if len(words) < 2 or len(tokens(left)) < 2 or _RELATIVE.search(left) or _CONTRAST.search(left):
        return False
    if re.search(r"(?i)\b(?:it|this|these)\b", right) or _POINTS_BACK.search(right):
        return False
    index = 1 if words[0].endswith("ly") or words[0] in {"also", "often", "even"} else 0
    verb = words[index] if index < len(words) else ""
    if verb in {"is", "are", "has", "have", "does", "do", "can", "may", "will", "cannot", "isn't", "doesn't"}:
        return len(words) > index + 1
    if first in _MODAL:
        return index == 0 and verb in BASE_VERBS and not verb.endswith("ed") and _takes_object(words)
    return verb in _THIRD and len(words) > index + 1 and words[index + 1] not in {"of", "and", "or"}


def _takes_object(words: list[str]) -> bool:
    return len(words) > 1 and words[1] not in {"and", "or", "of", "in", "for", "is", "are", "with"}


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
    if match is None or any(_depths(text)) or _RELATIVE.search(match["head"]):
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
    return joined and bool(words) and _plain(words[0]) not in _AFTER_LIST and _plain(words[0]) not in FINITE_VERBS


_AFTER_LIST = frozenset(
    "in for when with by within after without at among through because since that who under during even from on "
    "more as "
    "if where while but following than via often quickly rapidly fast using today here using over".split()
)


def _condition_run(text: str) -> _Run | None:
    """Return the longest run of joined conditions."""
    if any(_depths(text)) and not re.search(r"\([A-Za-z-]{2,8}\)", text):
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
    return bool(before and after) and _plain(before[-1]) in _MODIFIERS and _plain(after[0]) in _MODIFIERS


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
