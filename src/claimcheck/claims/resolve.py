"""Sentences made readable alone: pronouns, answers to questions and missing subjects filled in from the page.

Only what opens a sentence is rewritten, and only from the sentence, question or heading before it; what cannot be
resolved with some confidence stays as it stands, since a wrong subject makes a claim nobody made.
"""

import re
from dataclasses import dataclass, replace

from claimcheck.claims.words import AUXILIARIES, BASE_VERBS, TOKEN, finite_verb_at, has_finite_verb, lower_first, tokens

__all__ = ["Context", "Subject", "completed", "is_empty_question", "name_treatment", "page_subject", "resolve"]

_NOUNS = (
    r"(?:\s+(?:infusions?|therapy|therapies|treatments?|nasal\s+spray|lozenges?|troches?|tablets?|injections?|"
    r"nasal|sessions?|iv|assisted|psychotherapy|course|program))*"
)
_TREATMENT = (
    r"(?:treatments?|medications?|medicines?|drugs?|therap(?:y|ies)|infusions?|injections?|sessions?|nasal\s+spray|"
    r"anesthetic)"
)
_DEICTIC = re.compile(
    rf"(?i)^(?:this|these|that|our|the|such)\s+(?:new\s+|innovative\s+|powerful\s+|amazing\s+|revolutionary\s+|"
    rf"unique\s+)?"
    rf"(?P<noun>{_TREATMENT})(?=\s+(?:(?:also|often|usually|typically|itself|generally)\s+)?[a-z'’]+)"
)
# "The medicines that help ordinary depression", "the drugs most people try": other drugs than the page's own.
_GENERIC = re.compile(
    r"(?i)^(?:\w+\s+){1,3}?(?:\w+\s+(?:that|which|who|of|for|used|most|we|you)\b)|^(?:the|these|"
    r"such)\s+(?:\w+\s+)?(?:drugs|medications|"
    r"medicines|therapies|treatments)\b"
)
_PRONOUN = re.compile(r"(?i)^(?P<word>it|they|its|their)(?P<short>['’](?:s|re|ll|ve))?\s+")
# Words that only tie a sentence to the one before.
_DISCOURSE = re.compile(
    r"(?i)^(?:(?:in\s+fact|by\s+comparison|on\s+the\s+other\s+hand|at\s+the\s+same\s+time|honestly|moreover|"
    r"furthermore|however|"
    r"additionally|in\s+addition|as\s+a\s+result|therefore|also|indeed|of\s+course|even\s+better|best\s+of\s+all|"
    r"plus),?\s+|"
    r"(?:and|but|so|yet)\s+(?!far\b)|(?:nonetheless|nevertheless|still),?\s+|(?:i\s+(?:understand|acknowledge|"
    r"agree)|(?:please\s+)?note|remember|the\s+(?:point|truth|fact|good\s+news|short\s+answer)\s+is)\s+"
    r"that\s+)(?=\w)"
)
_ASIDE = re.compile(r"(?i),\s+(?:on\s+the\s+other\s+hand|however|for\s+example|in\s+fact|of\s+course|therefore),")
# A quotation that is the whole sentence, with or without the name of who said it.
_QUOTED = re.compile(r"^[\"“](?P<words>[^\"“”]+)[\"”](?:\s*[-–—~]\s*.{1,60})?$")
_LATE_PRONOUN = re.compile(
    r"(?i)^(?P<intro>(?:at|in|given|used|unlike|for|with|by|under|compared)\b(?:[^,.;:]){3,90},\s+)(?P<rest>it\b.*)$"
)
_SHORT = {"s": "is", "re": "are", "ll": "will", "ve": "have"}
_EXPLETIVE = re.compile(
    r"(?i)^it\s*(?:['’]s|is|was|has\s+been|can\s+be|may\s+be|might\s+be|will\s+be|takes|seems|appears|turns)\s+(?:"
    r"(?:\w+\s+){0,4}?(?:that|if|whether|when|how|why)|(?:\w+\s+){0,2}?(?:important|possible|impossible|necessary|"
    r"easy|hard|"
    r"best|recommended|common|normal|natural|rare|likely|unlikely|essential|wise|usual|hoped|time)\s+(?:to|for)|"
    r"(?:\w+\s+){0,3}?(?:minutes|hours|days|weeks|months|years|time)\s+(?:to|for|before))\b"
)
# "Yes, it is." adds nothing to "Yes."; "Yes, it is a controlled substance." does.
_ECHO = (
    r"(?:,?\s+(?:it|they|you|there)\s+(?:is|are|does|do|can|will|has|have|was|were)"
    r"(?:\s+not|n['’]t)?(?=\s*(?:[.!;]|$)))?"
)
_YES = re.compile(
    r"(?i)^(?:(?:in\s+general|generally|usually|typically)[,\s]+)?(?:yes|absolutely|definitely|certainly|of course|"
    rf"indeed|correct)\b{_ECHO}[\s,.!:;—–-]*"
)
_NO = re.compile(
    r"(?i)^(?:(?:in\s+general|generally|usually|typically)[,\s]+)?(?:no|nope|not at all|absolutely not|"
    rf"definitely not|never|none(?:\s+at\s+all|\s+whatsoever)?(?=\s*(?:[.!;]|$)))\b{_ECHO}[\s,.!:;—–-]*"
)
_INVERTED = re.compile(
    r"(?i)^(?:so,?\s+|and\s+|but\s+)?(?P<verb>is|are|was|does|do|did|can|could|will|would|should|has|have|"
    r"may)\s+(?P<rest>.+?)\?+$"
)
_WHAT_ARE = re.compile(r"(?i)^what\s+(?:are|is)\s+(?P<noun>(?:the|some|common)\b.+?)\?+$")
_QUESTION_START = re.compile(
    r"(?i)^(?:what|how|why|who|when|where|which|is|are|can|does|do|will|should|could|has|have|would|am)\b.*\?\s*$"
)
_EMPTY_QUESTION = re.compile(
    r"(?i)^(?:why\s+(?:choose\s+|us\b|(?:\w+\s*){1,3}\?)|did\s+you\s+know|what(?:['’]s|\s+is)\s+(?:\w+\s*){1,3}\?)"
)
_THERE_ARE = re.compile(r"(?i)^(?P<verb>is|are)\s+there\s+(?:(?:any|some|an?)\s+)?(?P<what>.+?)\?+$")
# The marks of a page's questions and answers: "Q: Is it safe?", "A: Yes."
_Q_MARK = re.compile(r"^(?:Q|Question)\s*\d{0,3}\s*[:.)]\s+(?=\w)")
_A_MARK = re.compile(r"^(?:A|Answer)\s*\d{0,3}\s*:\s+(?=\w)")
_DO = frozenset({"does", "do", "did"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What a pack is about: the treatment's name and the words that stand for it."""

    name: str
    aliases: tuple[str, ...] = ()

    def pattern(self) -> re.Pattern[str]:
        """Return the pattern of a mention, with the nouns that often follow ("ketamine infusion therapy")."""
        names = "|".join(re.escape(name) for name in sorted({self.name, *self.aliases}, key=len, reverse=True) if name)
        return re.compile(rf"(?i)\b(?:iv\s+)?(?:{names or 'treatment'})\b{_NOUNS}")


@dataclass(frozen=True, slots=True)
class Context:
    """What a sentence may lean on: the sentence before it in its section, its heading, and what the page is about."""

    previous: str
    heading: str
    treatment: str


def page_subject(text: str, subject: Subject) -> str:
    """Return the word of the subject that a page uses most, written as there; the subject's name when it has none."""
    counts: dict[str, int] = {}
    spelling: dict[str, str] = {}
    for alias in {subject.name, *subject.aliases}:
        found = re.findall(rf"(?i)\b{re.escape(alias)}\b", text) if alias else []
        if found:
            counts[alias.lower()] = len(found)
            # A brand keeps its capital, a substance the small letter that it has within sentences.
            spelling[alias.lower()] = min(found, key=lambda word: (word.isupper(), word[:1].isupper()))
    if not counts:
        return subject.name
    best = max(counts, key=lambda alias: (counts[alias], alias == subject.name.lower()))
    return spelling[best]


def resolve(text: str, context: Context, mention: re.Pattern[str]) -> str:
    """Return the sentence with what opens it made clear; unchanged when nothing needs it or nothing is sure."""
    quoted = _QUOTED.match(text)
    text = _A_MARK.sub("", quoted["words"] if quoted else text)
    context = replace(context, previous=_Q_MARK.sub("", context.previous), heading=_Q_MARK.sub("", context.heading))
    text = _ASIDE.sub("", _DISCOURSE.sub("", text, count=1))
    text = capital(text)
    question = context.previous if _QUESTION_START.match(context.previous) else ""
    if not question and _QUESTION_START.match(context.heading) and context.previous == context.heading:
        question = context.heading
    if question and not is_empty_question(question):
        answered = _answer(text, question, context, mention)
        if answered:
            return answered
    return _opening(text, context, mention)


def is_empty_question(text: str) -> bool:
    """Return whether a question says nothing that its answers need ("Why ketamine?", "What is ketamine?")."""
    return _EMPTY_QUESTION.match(text) is not None


def capital(text: str) -> str:
    """Return a text with its first letter raised."""
    return text[:1].upper() + text[1:]


# --- answers ---------------------------------------------------------------------------------------------------------


def _answer(text: str, question: str, context: Context, mention: re.Pattern[str]) -> str:
    """Return the claim that an answer makes, or "" when the sentence stands without its question."""
    negative, positive = _NO.match(text), _YES.match(text)
    opened = negative or positive
    rest = text[opened.end() :].strip() if opened else text
    if (
        opened
        and len(tokens(rest)) >= 3
        and has_finite_verb(rest)
        and not re.match(r"(?i)(?:when|if|as long|with)\b", rest)
    ):
        return _opening(capital(rest), Context(question, context.heading, context.treatment), mention)
    if opened:
        if negative and re.match(r"(?i)^no\s+\w", text) and not re.match(r"(?i)^no[,.!;:—–-]", text):
            # "No side effects have been found" answers with a noun phrase of its own.
            return ""
        statement = _statement(question, negative is not None, context, mention)
        if statement:
            return f"{statement} {lower_first(rest)}".strip().rstrip(".!") + "."
        return f"{question} {text}"
    if has_finite_verb(text):
        return ""
    match = _WHAT_ARE.match(question)
    if match and len(tokens(text)) > 1:
        return f"{capital(match['noun'])} include {lower_first(text)}"
    return f"{question} {text}"


def _statement(question: str, negative: bool, context: Context, mention: re.Pattern[str]) -> str:
    """Return a yes-or-no question turned into the statement that the answer affirms or denies, without a stop."""
    there = _THERE_ARE.match(question.strip())
    if there:
        return f"There {there['verb'].lower()} {'no ' if negative else ''}{there['what']}"
    match = _INVERTED.match(question.strip())
    if match is None:
        return ""
    verb, rest = match["verb"].lower(), match["rest"]
    subject, predicate = _question_subject(rest, context, mention)
    if not subject or not predicate:
        return ""
    denial = " not" if negative else ""
    if verb in _DO and not negative:
        words = predicate.split(" ", 1)
        third = _third(words[0]) if verb == "does" else words[0]
        return capital(f"{subject} {third} {words[1] if len(words) > 1 else ''}".strip())
    return capital(f"{subject} {verb}{denial} {predicate}")


def _question_subject(rest: str, context: Context, mention: re.Pattern[str]) -> tuple[str, str]:
    pronoun = re.match(
        r"(?i)(?:it|this|they|this\s+treatment|the\s+treatment|treatment|the\s+drug|infusions?)\s+", rest
    )
    if pronoun:
        return context.treatment, rest[pronoun.end() :]
    found = mention.match(rest)
    if found:
        return found.group(0), rest[found.end() :].strip()
    named = re.match(r"(?i)(?:the|there|these|your|my|side)\s+(?:\w+\s+(?:of|from)\s+)?[\w-]+", rest)
    if named:
        return named.group(0), rest[named.end() :].strip()
    return "", ""


def _third(base: str) -> str:
    if base == "have":
        return "has"
    if base.endswith(("s", "x", "ch", "sh", "o")):
        return base + "es"
    return base[:-1] + "ies" if base.endswith("y") and base[-2:-1] not in "aeiou" else base + "s"


# --- pronouns and missing subjects -----------------------------------------------------------------------------------


def _opening(text: str, context: Context, mention: re.Pattern[str]) -> str:
    deictic = _DEICTIC.match(text)
    if deictic and not _GENERIC.match(text):
        name = _treatment_before(context, mention)
        noun = deictic["noun"].lower()
        fitted = (
            f"{name} {noun}" if noun.startswith(("infusion", "injection", "session", "therap", "treatment")) else name
        )
        if len(name.split()) > 1:
            fitted = name
        return capital(fitted) + text[deictic.end() :]
    pronoun = _PRONOUN.match(text)
    if pronoun and not _EXPLETIVE.match(text):
        return _pronoun(text, pronoun, context, mention)
    late = _LATE_PRONOUN.match(text)
    if late and not mention.search(late.group(0)) and not _EXPLETIVE.match(late["rest"]):
        name = _antecedent(context, mention, plural=False)
        return late["intro"] + name + late["rest"][2:] if name else text
    return _missing_subject(text, context, mention)


def _pronoun(text: str, match: re.Match[str], context: Context, mention: re.Pattern[str]) -> str:
    word = match["word"].lower()
    name = _antecedent(context, mention, plural=word in {"they", "their"})
    if not name:
        return text
    rest = text[match.end() :]
    if word in {"its", "their"}:
        owner = name + ("'" if name.endswith("s") else "'s")
        return f"{capital(owner)} {rest}"
    short = match["short"]
    verb = _SHORT[short[1:].lower()] + " " if short else ""
    return f"{capital(name)} {verb}{rest}"


def _antecedent(context: Context, mention: re.Pattern[str], *, plural: bool) -> str:
    """Return what "it" or "they" stands for: the subject of the sentence before, else the treatment it names."""
    previous = context.previous
    subject = _leading_phrase(previous)
    named = mention.search(subject)
    if named:
        return _name(named.group(0) if " of " not in subject else subject)
    if subject:
        is_plural = subject.lower().endswith("s") and not subject.lower().endswith(("ss", "us", "is"))
        if is_plural == plural and len(subject.split()) <= 4 and " of " not in subject:
            return _name(subject)
        if plural:
            return ""
    if plural:
        return ""
    return _treatment_before(context, mention)


def _leading_phrase(sentence: str) -> str:
    words = list(TOKEN.finditer(sentence))
    verb = finite_verb_at(sentence, 5)
    if verb <= 0:
        return ""
    phrase = sentence[: words[verb].start()].strip()
    first = tokens(phrase)[0].lower() if tokens(phrase) else ""
    unsure = {"it", "they", "this", "these", "we", "you", "i", "there", "what", "when", "if", "in", "for", "with", "as"}
    if (
        first in unsure
        or first in AUXILIARIES
        or "," in phrase
        or re.search(r"(?i)\b(?:that|who|which|and|or)\b", phrase)
    ):
        return ""
    return re.sub(r"(?i)\s+(?:itself|also|often|usually|typically|generally|currently|still)$", "", phrase)


def _treatment_before(context: Context, mention: re.Pattern[str]) -> str:
    for place in (context.previous, context.heading):
        found = list(mention.finditer(place))
        if found:
            return _name(found[0].group(0))
    return context.treatment


def _name(phrase: str) -> str:
    """Return a phrase as it reads within a sentence: capitals of a heading lowered, names kept."""
    words = phrase.split()
    if len(words) > 1 and words[1][:1].isupper() and not words[1].isupper():
        words = [words[0], *(word.lower() if not word.isupper() else word for word in words[1:])]
    return (
        lower_first(" ".join(words))
        if words and words[0].lower() in {"the", "a", "an", "most", "some"}
        else " ".join(words)
    )


_STATE = re.compile(
    r"(?i)^(?:(?:very|completely|totally|100 ?%|generally|non-?surgical,?)\s+)*(?:safe|effective|"
    r"fda[- ](?:approved|cleared)|approved|"
    r"non-?addictive|not addictive|not\s+(?:fda|approved|covered)\S*|non-?invasive|well[- ]tolerated|"
    r"fast[- ]acting|rapid[- ]acting|"
    r"covered|backed|proven|clinically\s+proven|off-label|long[- ]lasting|drug-free|painless)\b"
)
_NOUN_LIKE = frozenset("results benefits effects causes costs reports changes needs".split())
_GIFT = re.compile(
    r"(?i)^(?:very\s+)?(?:fast|rapid|quick|long[- ]lasting|lasting|immediate|instant|permanent|dramatic|"
    r"life-changing)\b"
    r"(?:[\s-]+[\w-]+){0,2}\s+(?:relief|results|improvements?|happiness|recovery|healing|remission|benefits?|"
    r"change)\b"
)
_LACK = re.compile(
    r"(?i)^(?:no|zero|few|fewer|minimal|virtually no|little to no|low risk|very few)\s+(?!one\b|matter\b|more\b)"
)


def completed(text: str, name: str) -> str:
    """Return a fragment completed with the treatment as its subject, "" when it is no fragment of a known kind."""
    words = tokens(text)
    first = words[0].lower() if words else ""
    third = first.endswith("s") and (first[:-1] in BASE_VERBS or first[:-2] in BASE_VERBS)
    if third and len(words) > 1 and first not in _NOUN_LIKE and words[1].lower() not in _AFTER_PLURAL:
        return f"{capital(name)} {lower_first(text)}"
    main = re.split(r"(?i)[,\s]+(?:when|if|where|that|because|even|for\s+people\s+who)\b", text)[0]
    if has_finite_verb(main) or len(words) > 14:
        return ""
    for pattern, verb in ((_STATE, "is"), (_LACK, "has"), (_GIFT, "brings")):
        if pattern.match(text):
            return f"{capital(name)} {verb} {lower_first(text)}"
    return ""


_AFTER_PLURAL = frozenset("of and are is for".split())


def _missing_subject(text: str, context: Context, mention: re.Pattern[str]) -> str:
    if mention.search(text):
        return text
    return completed(text, _treatment_before(context, mention)) or text


# --- the treatment named where the sentence only says "infusions", "the drug" or "the effects" ------------------------

_BARE_INFUSION = re.compile(
    r"(?i)(?P<before>\b(?:an?|the|our|your|one|each|single|repeated|first|every|more|six|of|after|during|these)\s+)?"
    r"(?<!-)\b(?P<noun>infusions?)\b"
)
_BARE_EFFECT = re.compile(
    r"(?i)^(?:(?:the|these|most|common|some|any|possible|its|our)\s+)?(?:(?:common|possible|positive|antidepressant|"
    r"typical|usual|"
    r"standard|recommended|main|most)\s+){0,2}(?:side[- ]effects?|effects?|results?|benefits?|doses?|response|"
    r"relief)\b(?!\s+(?:of|from|"
    r"for|with|studies)\b|-)"
)
_BARE_DRUG = re.compile(r"(?i)\b(?:the|this)\s+(?:drug|medication|medicine)\b(?!\s+(?:test|abuse|enforcement))")
_BARE_TREATMENT = re.compile(r"(?i)\b(?P<before>during|after|before|once|between)\s+(?P<noun>treatments?|therapy)\b")
_OTHER_TREATMENT = re.compile(
    r"(?i)\b(?:nad\+?|vitamin|lidocaine|magnesium|iron|brexanolone|infusion\s+(?:pump|center|centre|clinic|suite|"
    r"room)|"
    r"antidepressants?|ssris?|tms|ect|placebo|opioids?|benzodiazepines?|medications)\b"
)


def name_treatment(text: str, treatment: str, mention: re.Pattern[str]) -> str:
    """Return the text with the treatment named once where it only speaks of its infusions, effects or dose.

    Left alone when it names the treatment already, or another one that the bare word may stand for.
    """
    if mention.search(text) or _OTHER_TREATMENT.search(text):
        return text
    effect = _BARE_EFFECT.match(text)
    if effect:
        # "Relief of ketamine" would be relief that ketamine is given.
        joint = "with" if effect.group(0).lower().endswith(("relief", "response")) else "of"
        return f"{effect.group(0)} {joint} {treatment}{text[effect.end() :]}"
    for pattern in (_BARE_INFUSION, _BARE_TREATMENT):
        match = pattern.search(text)
        if match:
            before = match["before"] or ""
            if before.lower() == "an " and treatment[:1].lower() not in "aeiou":
                before = before[:1] + " "
            gap = "" if not before or before.endswith(" ") else " "
            named = f"{before}{gap}{treatment} {match['noun'].lower()}"
            return text[: match.start()] + (capital(named) if match.start() == 0 else named) + text[match.end() :]
    drug = _BARE_DRUG.search(text)
    if drug:
        return text[: drug.start()] + (capital(treatment) if drug.start() == 0 else treatment) + text[drug.end() :]
    return text
