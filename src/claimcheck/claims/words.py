"""Word lists of the claims stage: general English and general medicine, no treatment's own vocabulary.

What names a treatment comes from the pack's manifest. The lists are closed and small on purpose: they only have to be
right where the splitter and the features look, and everything they do not know is left as it stands.
"""

import re

__all__ = [
    "AUXILIARIES",
    "BASE_VERBS",
    "CONDITION",
    "FINITE_VERBS",
    "MAX_LENGTH",
    "TOKEN",
    "VERB_FORMS",
    "finite_verb_at",
    "has_finite_verb",
    "is_condition",
    "lower_first",
    "plain",
    "starts_with_verb",
    "tokens",
]

# Longer than any real sentence: what is longer is neither rewritten nor read to its end.
MAX_LENGTH = 2000

TOKEN = re.compile(r"[A-Za-z0-9%$]+(?:[-'’./][A-Za-z0-9%]+)*")

AUXILIARIES = frozenset(
    "is are was were am be been has have had do does did can could may might will would should must shall cannot "
    "isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't can't couldn't won't wouldn't shouldn't "
    "it's that's they're there's we're you're we've i've i'm you'll we'll it'll".split()
)

BASE_VERBS = frozenset(
    "accept achieve act activate add address affect aid alleviate allow alter appear apply approve become begin "
    "belong benefit bind block boost bring build calculate calm carry cause change combat combine come compare "
    "consider contain continue control cost cover create cure decrease deliver demonstrate depend describe "
    "develop differ diminish disrupt drop earn ease eliminate emerge enable encourage enhance enter eradicate "
    "exceed exhibit exist experience explain fade fail feel find fit fix follow foster give go grow halt happen "
    "heal help ignite improve include increase indicate inhibit interact interrupt involve keep know lack last "
    "lead leave let lift limit live lose lower maintain make manage mean mimic modulate need normalize occur "
    "offer open oppose outperform outweigh pass pose predict prevent process produce promote prove provide "
    "qualify quiet raise reach reactivate rebuild receive recommend reconnect recover reduce regenerate regrow "
    "regulate relapse relieve remain remove repair replace report represent require reset resolve respond restart "
    "restore result resume return reverse rewire rise run save say see seem sell serve set show sit sleep slow "
    "soothe speed stabilise stabilize start stay stimulate stop strengthen struggle suffer suggest support "
    "suppress tackle take target tell tend tolerate train treat trigger turn undergo understand use vary weaken "
    "wear work worsen yield".split()
)

IRREGULAR = frozenset(
    "drove ran cried slept "
    "became began brought built came chose felt found gave got grew kept knew known led left let lost made meant "
    "outgrew said saw seen shown showed slept sped stood took taken taught tend thought told understood went wore "
    "rose risen fell fallen began begun shrank spent sold won bought proved proven".split()
)


def _forms(base: str) -> set[str]:
    third = base + "s"
    past = base + "ed"
    if base.endswith(("s", "x", "ch", "sh", "o")):
        third = base + "es"
    elif base.endswith("y") and base[-2] not in "aeiou":
        third, past = base[:-1] + "ies", base[:-1] + "ied"
    elif base.endswith("e"):
        past = base + "d"
    return {base, third, past}


VERB_FORMS = frozenset(form for base in BASE_VERBS for form in _forms(base)) | IRREGULAR | AUXILIARIES

# Forms that are as often nouns: alone they do not make a sentence ("Costs and benefits", "Long-lasting results").
AMBIGUOUS = frozenset(
    "act acts added address addresses aid aids appeal approved benefit benefits block blocks boost boosts built "
    "calm cause causes change changes combat combined control controlled controls cost costs cover covers cure "
    "cures decrease decreases drop drops ease evidence experience experienced experiences find fit fits fix fixes "
    "given help improved increase increased increases known lack last lead leads left lift lifts limit limited "
    "limits live lives lost lower made need needs offer offers open process processes proven quiet recommended "
    "reduced relapse relapses related repair replaced report reports required reset result results return returns "
    "rise rises run runs seen set show shown shows sit sleep slow speed start starts stop stops support supports "
    "surge surges taken target targets thought train trains treat treats trigger triggers turn turns use used "
    "uses work works yield".split()
)
FINITE_VERBS = VERB_FORMS - AMBIGUOUS

# Words that narrow a condition down, and the words that name one ("treatment-resistant depression").
_NARROWING = (
    r"treatment[- ](?:resistant|refractory)|major|clinical|severe|chronic|acute|persistent|generali[sz]ed|"
    r"social|resistant|"
    r"post[- ]?partum|postnatal|perinatal|bipolar|unipolar|refractory|hard[- ]to[- ]treat|complex|combat|"
    r"cancer|nerve|"
    r"neuropathic|suicidal|panic|eating|mood|seasonal|situational|phantom|limb|back|neck|joint|trauma|"
    r"childhood|adolescent|"
    r"substance|alcohol|opioid|opiate|drug|cocaine|use|stress|sleep|personality|obsessive[- ]compulsive|"
    r"psychological|"
    r"borderline|attention|deficit|hyperactivity|dysphoric|premenstrual|cluster|tension|post[- ]traumatic|"
    r"mental|health|"
    r"emotional|nicotine|spinal|muscle|related|other|certain|some|many|bulimia|anorexia|existential|abuse|"
    r"lyme|end-of-life|"
    r"treatment|regional|fatigue|withdrawal|several|various|pain|mild|moderate|long|restless|legs?"
)
_NAMING = (
    r"depress(?:ion|ive[ ](?:disorders?|episodes?|symptoms))|anxiety(?:[ ]disorders?)?|"
    r"(?:c-?)?ptsd(?:[ ]symptoms)?|ocd|mdd|"
    r"trd|gad|crps|rsd|ppd|adhd|pmdd|sad|bpd|aud|sud|tbi|ms|ibs|(?:bipolar|unipolar)(?:[ ](?:i|ii|1|2))?|"
    r"[a-z-]+[ ](?:disorders?|syndromes?|diseases?|phobia|conditions)|disorders?|"
    r"pain(?:[ ](?:conditions|disorders|syndromes?))?|migraines?(?:[ ]headaches?)?|headaches?|fibromyalgia|"
    r"neuropath(?:y|ies)|[a-z]*neuralgia|arthritis|insomnia|burnout|grief|trauma|stress|"
    r"panic(?:[ ]attacks?)?|phobias?|"
    r"autism|dementia|addictions?|alcoholism|alcohol|opioids|cocaine|dependence|abuse|"
    r"(?:suicidal[ ])?(?:ideation|thoughts|thinking)|suicidality|fatigue|anhedonia|bulimia|anorexia|psychosis|"
    r"schizophrenia|mania|tinnitus|lyme|long[ ]covid|obsessions|compulsions|epilepsy|withdrawal|"
    r"rumination|sciatica|spasms|"
    r"inflammation"
)
CONDITION = re.compile(rf"(?i)^(?:(?:{_NARROWING})[ ](?:(?:and|or)[ ])?)*(?:{_NAMING})(?:[ ]\([a-z0-9-]+\))?$")


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text, as written."""
    return TOKEN.findall(text)


def plain(word: str) -> str:
    """Return a word in lower case with a straight apostrophe."""
    return word.lower().replace("’", "'")


def has_finite_verb(text: str) -> bool:
    """Return whether some word is very likely a finite verb."""
    return finite_verb_at(text) >= 0


def finite_verb_at(text: str, limit: int = 1000) -> int:
    """Return how many words precede the first likely finite verb, -1 when the first ``limit + 1`` hold none."""
    words = [plain(word) for word in tokens(text)]
    for index, word in enumerate(words[: limit + 1]):
        if word in FINITE_VERBS and not (index == 0 and word in BASE_VERBS):
            return index
        if word in AMBIGUOUS and 0 < index < len(words) - 1 and _is_verb_here(words, index):
            return index
    return -1


def _is_verb_here(words: list[str], index: int) -> bool:
    """Return whether a noun-like form is a verb: "ketamine works fast", "the effects last", not "the results of"."""
    word, after = words[index], words[index + 1]
    place = index - 1
    while place > 0 and (words[place].endswith("ly") or words[place] in _ADVERBS):
        place -= 1
    before = words[place]
    if before in BEFORE_NOUN or after in AUXILIARIES:
        return False
    if word.endswith("s"):
        return after not in AFTER_NOUN
    if before in {"they", "we", "you", "people", "patients", "i"}:
        return word in BASE_VERBS
    plural = before.endswith("s") and not before.endswith(("'s", "ss", "us", "sis", "itis", "this"))
    return plural and word in BASE_VERBS and after not in {"of", "and", "or", "that"}


_ADVERBS = frozenset("also often never still always even just typically sometimes then only now".split())
AFTER_NOUN = frozenset("of and or from".split())

BEFORE_NOUN = frozenset(
    "the a an of and or our your its their his her my this these those for with no to in on by from more most all "
    "any "
    "some many its few faster lasting long-lasting proven real better great positive clinical best other such - both "
    "health rapid long-term side".split()
)


def is_condition(text: str) -> bool:
    """Return whether a phrase as a whole names a health condition or symptom."""
    phrase = " ".join(text.split())
    parts = phrase.split("/")
    return all(CONDITION.match(part) for part in parts) if len(parts) <= 3 else False


def starts_with_verb(text: str) -> bool:
    """Return whether a text opens with the base form of a verb, as imperatives and items after "may:" do."""
    words = tokens(text)
    return bool(words) and words[0].lower() in BASE_VERBS


def lower_first(text: str) -> str:
    """Return a text with its first letter lowered, unless the word is a name or an abbreviation."""
    words = tokens(text)
    if not words or words[0] == "I" or any(letter.isupper() for letter in words[0][1:]) or words[0][:1].isdigit():
        return text
    return text[:1].lower() + text[1:]
