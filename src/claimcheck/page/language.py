"""Is a text English? By script and by the shares of function words, which no language lends to another.

A library was weighed: lingua and langid models are many times the size of this stage, and decide among dozens of
languages a question that has two answers here. Function words are a third to a half of running text, so that some
dozens of them settle it from about twenty words on; shorter texts pass.
"""

import re
import unicodedata

from claimcheck.errors import UnsupportedLanguageError

__all__ = ["check_language", "is_foreign"]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

_ENGLISH = frozenset(
    "the and of to is are was were with for that this your you our we from have has been it its by be as at or not can"
    " will may their they who which when what how if more than these those after into about only other".split()
)
# Only words that are none in English ("me", "die", "on" or "no" would count for both).
_OTHERS = {
    "Spanish": "el la los las de del que y en es por con para una su sus como más pero está son tratamiento nuestro",
    "French": "le les des et est une que qui dans du pour pas sur avec ce cette vous nous sont votre au aux par la de",
    "German": "der und das ist nicht mit ein eine den von zu für auf sie im dem wir sich auch werden bei ihre oder",
    "Portuguese": "os que e do da em um uma para com não por mais dos das como na ao é são sua você nosso de",
    "Italian": "il di che è la per un una non con del della sono dei le gli nel alla più questo anche si delle",
    "Dutch": "het een en van de is dat niet zijn voor met op te aan ook bij wij uw naar wordt deze onze",
    "Polish": "i w na z się nie do jest że to jak od po dla przez oraz są lub przy może",
    "Swedish": "och att det som en är av för på med den inte till ett har vi du kan eller vid",
    "Danish": "og det er en af for på med den ikke til et har vi du kan eller ved som der fra",
    "Finnish": "ja on ei että se hän oli ovat mutta kun myös tai sen voi olla joka ovat hoito",
    "Turkish": "ve bir bu için ile de da çok olarak gibi daha olan veya ne kadar sonra her",
    "Romanian": "și în de la cu este pe pentru nu că din sunt mai care o un sau prin acest",
    "Czech": "a se je na v že s z do pro jsou jako nebo není při ale také který po",
    "Hungarian": "a az és hogy nem is egy van ez meg vagy azt mint csak de már lehet",
    "Indonesian": "yang dan di ini itu dengan untuk dari tidak dalam pada adalah akan atau anda kami juga",
    "Vietnamese": "và của là có không được cho các trong với những một người này để khi",
    "Tagalog": "ang ng sa na mga ay at ito para hindi kung ng may ko mo ka siya natin",
    "Haitian Creole": "ak nan pou yo nou ki se li sa yon pa tretman kapab genyen fè",
    "Swahili": "na ya wa kwa ni la katika za cha hii kama au pia wako yako",
}
_BOTH = frozenset("a i an on in no me so per die do par pro van dan men hat man den under may ha".split())
_OTHER_WORDS = {name: frozenset(words.split()) - _ENGLISH - _BOTH for name, words in _OTHERS.items()}

# Below this many words a text passes: a slogan has too few function words to tell.
_FEW_WORDS = 20
# Of 300 and more words, English prose has at least a quarter in the list and bare lists of treatments about 4%.
_MANY_WORDS = 300
_LEAST_ENGLISH = 0.02
_SAMPLE = 200_000
# A block is passed over only when it is plainly foreign: an English claim must not be lost to a few loan words.
_FEW_WORDS_OF_A_BLOCK = 6
_FEW_LETTERS = 8
_LEAST_FOREIGN = 0.1


def check_language(text: str, *, source: str) -> None:
    """Return when most of a text is English or it is too short to tell; raise UnsupportedLanguageError otherwise."""
    words = [word.lower() for word in _WORD.findall(text[:_SAMPLE])]
    letters = sum(map(len, words))
    foreign = [word for word in words if not _is_latin(word)]
    foreign_letters = sum(map(len, foreign))
    if foreign_letters > 20 and foreign_letters > letters / 2:
        raise _refusal(source, f"its script is {_script(foreign[0])}")
    latin = len(words) - len(foreign)
    if latin < _FEW_WORDS:
        return
    english = sum(word in _ENGLISH for word in words)
    counts = {name: sum(word in known for word in words) for name, known in _OTHER_WORDS.items()}
    name = max(counts, key=lambda each: counts[each])
    if counts[name] > english and counts[name] >= 0.1 * latin:
        raise _refusal(source, f"it seems to be {name}")
    if latin >= _MANY_WORDS and english < _LEAST_ENGLISH * latin:
        raise _refusal(source, "it has hardly any English function words")


def is_foreign(text: str) -> bool:
    """Return whether a block of text is plainly in another language than English; a short one counts as English."""
    words = [word.lower() for word in _WORD.findall(text)]
    foreign = sum(len(word) for word in words if not _is_latin(word))
    if foreign > _FEW_LETTERS and foreign > sum(map(len, words)) / 2:
        return True
    if len(words) < _FEW_WORDS_OF_A_BLOCK:
        return False
    english = sum(word in _ENGLISH for word in words)
    other = max(sum(word in known for word in words) for known in _OTHER_WORDS.values())
    return other >= 3 and other > 2 * english and other >= _LEAST_FOREIGN * len(words)


def _refusal(source: str, why: str) -> UnsupportedLanguageError:
    return UnsupportedLanguageError(source, f"the text is not English ({why}); only English pages can be checked")


def _is_latin(word: str) -> bool:
    first = word[0]
    return first < "\u0250" or unicodedata.name(first, "").startswith("LATIN")


def _script(word: str) -> str:
    return unicodedata.name(word[0], "UNKNOWN").split(" ")[0].capitalize()
