"""Coordinated assertions taken apart: one text for each thing a sentence says, hedges and conditions kept with each.

A rule-based splitter over words. It splits where a closed pattern matches and leaves everything else whole, because a
wrong split makes a claim nobody made, while a missed one only leaves a longer claim.
"""

import re
from collections.abc import Callable

from claimcheck.claims.lists import depths, split_lists
from claimcheck.claims.resolve import capital
from claimcheck.claims.words import (
    AUXILIARIES,
    BASE_VERBS,
    FINITE_VERBS,
    MAX_LENGTH,
    TOKEN,
    VERB_FORMS,
    finite_verb_at,
    lower_first,
    plain,
    tokens,
)

__all__ = ["split_assertions"]

# More than any sentence of the training pages makes; stops a hostile page from making thousands of claims.
MAX_CLAIMS = 16

_CLAUSE_JOIN = re.compile(r"\s*;\s+(?:and\s+|but\s+|however,?\s+)?|,\s+(?:and|but)\s+(?:in\s+fact\s+)?(?!only\b|not\b)")
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
# A second half about the clinic's own service is dropped too, unless it gives a number to check.
_OBJECT = re.compile(r"(?i)(?<=\w\s)it\b(?!\s*['’]|\s+(?:is|was|has|can|may|will|does|works?|helps?)\b)")
_OWN_SERVICE = re.compile(
    r"(?i)^(?:we|our\s+(?:team|staff|clinic|doctors?))\b(?!.*(?:\d|infusion|treatment|dose|\bknow\b|predict))"
)
# "and do not prevent them": what "them" stands for would stay behind in the other half.
_POINTS_BACK = re.compile(
    r"(?i)^(?:neither|nor|so|that|this|both|each|either|others?|all|none)\b|\w\s+it\b|\w\s+(?:them|it|that|"
    r"so)(?:\s+(?:too|either|all|well))?\W*$|"
    r"\b(?:does|do|did|done)\s+so\b|\bthat\s+way\b"
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


def split_assertions(text: str, mention: re.Pattern[str] | None = None) -> list[str]:
    """Return the assertions of a sentence in order, at least one; what fits no rule comes back as it stands.

    ``mention`` matches the treatment's names: only these take the place of an "it" that a split would cut off.
    """
    if len(text) > MAX_LENGTH:
        return [text]
    text = _object_named(text, mention)
    pieces = [text]
    for rule in (_clauses, _denials, _predicates, split_lists):
        pieces = [part for piece in pieces for part in _applied(rule, piece)]
        if len(pieces) > MAX_CLAIMS:
            return [text]
    return pieces


def _applied(rule: Callable[[str], list[str]], piece: str) -> list[str]:
    parts = [part for part in (_closed(part) for part in rule(piece)) if part]
    # A part too short to say anything shows that the rule misread the sentence.
    return parts if parts and all(len(tokens(part)) >= 2 for part in parts) else [piece]


def _closed(part: str) -> str:
    part = part.strip(" ,;")
    return part[:1].upper() + part[1:]


def _outside(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    inside = depths(text)
    return [match for match in pattern.finditer(text) if not inside[match.start()]]


def _stop(text: str) -> str:
    return text[-1] if text[-1:] in {".", "!"} else ""


def _frame(text: str) -> str:
    match = _FRAME.match(text)
    return match.group(0) if match else ""


def _object_named(text: str, mention: re.Pattern[str] | None) -> str:
    """Return the text with the "it" of a second clause replaced by the treatment that the first is about."""
    if mention is None:
        return text
    for match in _outside(_CLAUSE_JOIN, text):
        left, right = text[: match.start()], text[match.end() :]
        subject = _subject(left)
        found = _OBJECT.search(right)
        if subject and found and mention.fullmatch(subject) and not mention.search(right):
            return text[: match.end()] + right[: found.start()] + subject + right[found.end() :]
    return text


# --- "X is A, and Y is B" --------------------------------------------------------------------------------------------


def _clauses(text: str) -> list[str]:
    text = _CONSEQUENCE.sub(r"\g<stop>", text)
    frame = _frame(text)
    body = text[len(frame) :]
    if _SUBORDINATE.match(body):
        return [text]
    for match in sorted(_outside(_CLAUSE_JOIN, body) + _outside(_BARE_AND, body), key=lambda match: match.start()):
        left, right = body[: match.start()], _second_clause(body[: match.start()], body[match.end() :])
        if right:
            first = frame + (lower_first(left) if frame else left) + _stop(text)
            if _OWN_SERVICE.match(right):
                return [first]
            return [first, *_clauses(frame + (lower_first(right) if frame else right))]
    return [text]


def _second_clause(left: str, right: str) -> str:
    """Return the clause after a joint with its subject filled in, "" when not both sides are clauses of their own."""
    neither = _neither(left, right)
    if neither:
        return neither
    if _POINTS_BACK.search(right) or _SUBORDINATE.match(right):
        return ""
    if not (_is_clause(left) and _is_clause(right) and _opens_clause(right)):
        return ""
    last = left.rpartition(",")[2]
    if last != left and _is_clause(last) and _opens_clause(last) and not _SUBORDINATE.match(last.strip()):
        # A series of clauses: one picture, and half of it would say less.
        return ""
    pronoun = re.match(r"(?i)(it|they)\b", right)
    if not pronoun:
        return right
    subject = _subject(left)
    if not subject or plain(subject) in _PERSONS or _is_plural(subject) != (plain(pronoun[1]) == "they"):
        return ""
    return subject + right[pronoun.end() :]


def _neither(left: str, right: str) -> str:
    """Return "Y is not approved" for "X is not approved, and neither is Y", "" for anything else."""
    other = re.match(r"(?i)neither\s+(is|are|has|have|does|do|can)\s+([^,;.!]+)[.!]?$", right)
    denied = other and re.search(rf"(?i)\s{other[1]}\s+not\s+(.+)$", left)
    return f"{capital(other[2].strip())} {other[1].lower()} not {denied[1]}." if other and denied else ""


def _denials(text: str) -> list[str]:
    """Return one text for each part of "neither X nor Y is ..." and of "has no A, no B and no C"."""
    both = re.match(
        r"(?i)^neither\s+([^,;]{2,60}?)\s+nor\s+([^,;]{2,60}?)\s+(is|are|has|can|will|does)\s+([^,;]+)$", text
    )
    if both:
        return [f"{capital(name)} {both[3]} not {both[4].rstrip('.')}{_stop(text)}" for name in (both[1], both[2])]
    listed = re.match(
        r"(?i)^([^,;]{2,80}?(?:\b(?:is|are|has|have|with|involves|means|causes)|['’]s)\s+)(no\s.+)$", text
    )
    if listed is None:
        return [text]
    items = re.split(r"(?i),\s*(?:and\s+|or\s+)?(?=no\s)|\s+(?:and|or)\s+(?=no\s)", listed[2].rstrip(".!"))
    short = all(len(tokens(item)) <= 8 for item in items)
    return [f"{listed[1]}{item}{_stop(text)}" for item in items] if short else [text]


def _is_clause(text: str) -> bool:
    return len(tokens(text)) >= 3 and finite_verb_at(text, 12) > 0


def _opens_clause(text: str) -> bool:
    """Return whether a text opens with a subject of its own, not with what may be the last item of a list."""
    words = [plain(word) for word in tokens(text)]
    verb = finite_verb_at(text, 12)
    opening = text[: list(TOKEN.finditer(text))[verb].start()]
    if re.search(r"(?i)\b(?:such as|including|like)\s", opening):
        return words[0] not in _DETACHED
    head = words[:verb]
    if words[0] in _DETERMINERS:
        head = [word for word in head if word not in {"of", "for", "to", "with"}]
    head = [word for word in head if word != "of"]
    return "," not in opening and not any(word in _DETACHED or word in VERB_FORMS for word in head)


_DETERMINERS = frozenset("the this these its their our most many some each a an about".split())
_PERSONS = frozenset("we you i he she people patients they".split())
_ADVERB_END = re.compile(r"(?i)\s+(?:also|often|usually|typically|generally|sometimes|currently|still|now|\w+ly)$")


def _is_plural(subject: str) -> bool:
    if re.search(r"(?i)\sand\s", subject):
        return True
    head = re.split(r"(?i)\s+(?:such\s+as|like|of|with|for|from|in)\b", subject)[0].lower()
    return head.endswith("s") and not head.endswith(("ss", "us", "sis", "itis"))


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
    first = plain(tokens(rest)[0]) if tokens(rest) else ""
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
        verb = plain(tokens(part)[0]) if tokens(part) else ""
        carried = modal if index and first in _MODAL and verb in BASE_VERBS and verb not in AUXILIARIES else ""
        tail = f" {scope.group(1).rstrip('.!')}" if scope and index < len(parts) - 1 else ""
        named = _ADVERB_END.sub("", subject) if index else subject
        result.append(f"{frame}{named} {carried}{part.rstrip(' ,.!')}{tail}{_stop(text)}")
    return result


def _modal_chain(part: str, first: str) -> str:
    match = re.match(r"\S+\s+(?:(?:also|often|usually|sometimes|help|helps)\s+(?:to\s+)?)*", part)
    return match.group(0) if match and first in _MODAL else ""


def _continues(rest: str, match: re.Match[str], first: str) -> bool:
    """Return whether what follows the joint is a predicate of the sentence's own subject."""
    left, right = rest[: match.start()], rest[match.end() :]
    words = [plain(word) for word in tokens(right)]
    if len(words) < 2 or len(tokens(left)) < 2 or _RELATIVE.search(left) or _CONTRAST.search(left) or ":" in left:
        return False
    if re.search(r"(?i)\b(?:it|this|these)\b", right) or _POINTS_BACK.search(right):
        return False
    index = 1 if words[0].endswith("ly") or words[0] in {"also", "often", "even"} else 0
    verb = words[index] if index < len(words) else ""
    if verb == "do" and words[index + 1 : index + 2] != ["not"]:
        return False
    if verb in {"is", "are", "has", "have", "does", "do", "can", "may", "will", "cannot", "isn't", "doesn't"}:
        return len(words) > index + 1
    if first in _MODAL:
        return index == 0 and verb in BASE_VERBS and not verb.endswith("ed") and _takes_object(words)
    return verb in _THIRD and len(words) > index + 1 and words[index + 1] not in {"of", "and", "or"}


def _takes_object(words: list[str]) -> bool:
    return len(words) > 1 and words[1] not in {"and", "or", "of", "in", "for", "is", "are", "with"}
