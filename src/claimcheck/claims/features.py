"""Surface features of sentences for check-worthiness: kind of block, form, and counts of telling words.

The order of ``FEATURES`` is that of the stored weights; a model trained on other features is refused on load.
"""

import re
from collections.abc import Sequence

from claimcheck.claims.stems import stem_of
from claimcheck.claims.words import MAX_LENGTH, has_finite_verb, starts_with_verb, tokens
from claimcheck.records import BlockKind, Sentence

__all__ = ["FEATURES", "PATTERNS", "surface_features"]

PATTERNS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "condition": r"\b(?:depress|anxi|ptsd|post-?traumatic|ocd\b|obsessive|bipolar|suicid|addict|pain\b|migraine|"
        r"fibromyalgia|crps|neuropath|disorder|insomnia|alcohol|trauma|mental (?:health|illness))",
        "treatment": r"\b(?:treatment|therap|infusion|medic(?:ation|ine)|drug|dose|dosage|inject|tablet|lozenge|"
        "nasal|"
        r"intravenous|iv\b|antidepressant|ssri|ect\b|tms\b|opioid|anesthe)",
        "efficacy": r"\b(?:effective|relie|improve|reduc|help|benefit|respon|remission|symptom|work(?:s|ed)?\b|"
        "result|"
        r"success|recover|heal|cure|better)",
        "safety": r"\b(?:safe|side effect|risk|adverse|nausea|dizz|dissociat|blood pressure|addicti|abuse|misuse|"
        "dependen|"
        r"withdraw|toxic|harm|tolera|contraindicat|overdose|sedat)",
        "legal": r"\b(?:fda|approv|off-label|off label|schedule|legal|licen[sc]|regulat|dea\b|prescri|label|rems\b|"
        r"law\b)",
        "mechanism": r"\b(?:brain|nmda|glutamate|neuro|synap|receptor|bdnf|serotonin|pathway|dopamine|plasticity)",
        "research": r"\b(?:stud(?:y|ies)|trial|research|evidence|percent|patients|placebo|proven|shown|published|"
        "data)",
        "time": r"\b(?:hour|minute|day|week|month|year|immediate|instant|rapid|quick|fast|long-term|lasting|"
        "permanent)",
        "cost": r"\b(?:insur|cost|price|medicare|medicaid|covered|coverage|pay\b|payment|fee\b|fees\b|afford)",
        "population": r"\b(?:people|adults|americans|million|one in|percent of|veterans|women|men|patients|most|"
        r"some)\b",
        "history": r"\b(?:since|19\d\d|20\d\d|decades|first|discovered|developed|history)\b",
        "eligibility": r"\b(?:candidate|eligib|pregnan|should not|not recommended|suitable|history of|uncontrolled)",
        "hedge": r"\b(?:may|might|can|could|often|usually|typically|generally|some|appears?|suggests?)\b",
        "absolute": r"\b(?:no|never|always|all|every|100 ?%|guarantee|completely|totally|proven|permanent|only)\b",
        "we": r"\b(?:we|our|us|we're|we’re|we've)\b",
        "you": r"\b(?:you|your|you're|you’re|yourself)\b",
        "i": r"\b(?:i|my|me|i'm|i’m)\b",
        "action": r"\b(?:call|contact|book|schedule (?:a|your|an)|click|learn more|sign up|subscribe|visit|read more|"
        r"get started|request|submit|reach out|find out|join|download|follow us|consultation|appointment)\b",
        "clinic": r"\b(?:clinic|team|staff|center|centre|office|located|location|doctor|dr\.|physician|nurse|"
        "practice|"
        r"founder|hours|welcome|offer|provide|specializ|committed|dedicated|passion|compassion|care)\b",
        "instruction": r"\b(?:bring|wear|please|avoid|arrange|do not|don't|don’t|make sure|remember|let us know|"
        r"arrive|plan)\b",
        "feeling": r"\b(?:imagine|hope|deserve|journey|feel|dream|ready|love|grateful|thank|recommend|amazing|"
        r"wonderful)\b",
        "contact": r"(?:\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}|@\w+\.|https?://|www\.|\.com\b)",
        "furniture": r"(?:©|copyright|all rights reserved|privacy|terms|cookie|menu|home\b|faq|blog\b|about us|"
        "login|skip to)",
        "disclaim": r"\b(?:disclaimer|not (?:intended|a substitute)|individual results|informational purposes|"
        r"medical advice)\b",
        "copula": r"\b(?:is|are|was|were|has been|have been)\b",
        "outcome": r"\b(?:gone|cured|saved my life|my life back|no longer|haven['’]t had|changed my life|finally|"
        r"off my)\b",
        "discount": r"(?:\boff for\b|% off|percent off|\bdiscount|\bfree\b|on us\b|\bpackage|\bmember)",
        "denial": r"^(?:no|not|never|zero|without)\b",
        "price": r"\$\s?\d",
        "percent": r"\d\s?(?:%|percent)",
        "digit": r"\d",
        "quote": r"[\"“”]",
    }.items()
}

_FORM = (
    "ends_question", "ends_colon", "ends_exclamation", "ends_stop", "no_end", "words_1_3", "words_4_7", "words_8_15",
    "words_16_30", "words_31", "has_verb", "starts_verb", "title_case", "hidden", "after_question", "after_colon",
    "yes_no", "question_word",
)  # fmt: skip
_HEADING = ("condition", "treatment", "efficacy", "safety", "legal", "research", "action", "clinic", "cost")
_STEM = ("treatment", "condition", "efficacy", "safety", "eligibility", "clinic", "action", "we", "you", "instruction")
_JOINT = (
    "verb_treatment", "verb_condition", "item_no_verb", "heading_no_verb", "heading_verb", "we_no_treatment",
    "own_outcome", "cell_figure",
)  # fmt: skip

FEATURES: tuple[str, ...] = (
    *(f"kind_{kind.value}" for kind in BlockKind),
    *_FORM,
    *(f"has_{name}" for name in PATTERNS),
    *(f"under_{name}" for name in _HEADING),
    *(f"stem_{name}" for name in _STEM),
    *_JOINT,
)


def surface_features(sentences: Sequence[Sentence], headings: Sequence[str]) -> list[list[float]]:
    """Return one row of ``FEATURES`` a sentence, each 0 or 1."""
    rows = []
    previous = ""
    for index, (sentence, heading) in enumerate(zip(sentences, headings, strict=True)):
        rows.append(_row(sentence, previous, heading[:MAX_LENGTH], stem_of(sentences, index)[:MAX_LENGTH]))
        previous = sentence.text
    return rows


def _row(sentence: Sentence, previous: str, heading: str, stem: str) -> list[float]:
    text = sentence.text.strip()[:MAX_LENGTH]
    found = {name: pattern.search(text) is not None for name, pattern in PATTERNS.items()}
    verb = has_finite_verb(text)
    is_heading, is_item = sentence.kind is BlockKind.HEADING, sentence.kind is BlockKind.LIST_ITEM
    joint = (
        verb and found["treatment"],
        verb and found["condition"],
        is_item and not verb,
        is_heading and not verb,
        is_heading and verb,
        found["we"] and not found["treatment"],
        found["outcome"] and (found["i"] or sentence.kind is BlockKind.QUOTE),
        found["digit"] and sentence.kind is BlockKind.TABLE_CELL,
    )
    row = [
        *(sentence.kind is kind for kind in BlockKind),
        *_form(sentence, text, previous, verb),
        *found.values(),
        *(PATTERNS[name].search(heading) is not None for name in _HEADING),
        *(PATTERNS[name].search(stem) is not None for name in _STEM),
        *joint,
    ]
    return [float(value) for value in row]


def _form(sentence: Sentence, text: str, previous: str, verb: bool) -> list[bool]:
    words = tokens(text)
    count = len(words)
    capital = sum(word[:1].isupper() for word in words)
    end = sentence.text.rstrip(" \t\n\"'”’)")[-1:]
    first = words[0].lower() if words else ""
    before = previous.rstrip()[-1:]
    return [
        end == "?",
        end == ":",
        end == "!",
        end == ".",
        end not in set("?:!."),
        count <= 3,
        4 <= count <= 7,
        8 <= count <= 15,
        16 <= count <= 30,
        count > 30,
        verb,
        starts_with_verb(text),
        count > 1 and capital >= 0.7 * count,
        not sentence.visible,
        before == "?",
        before == ":",
        first in {"yes", "no", "not", "absolutely", "generally", "maybe"},
        first in {"what", "how", "why", "is", "are", "can", "does", "do", "who", "when", "will", "should", "where"},
    ]
