"""Characters that are not text: what is removed, what becomes a space, and how white space collapses."""

import re

__all__ = ["clean", "collapse", "collapsed_length", "without_surrogates"]

# Control, zero-width, direction and filler characters: they show nothing and split words for a tokeniser.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


def clean(text: str) -> str:
    """Return the text without invisible characters; white space stays as it is."""
    return _INVISIBLE.sub("", text)


def collapse(text: str) -> str:
    """Return the text without invisible characters, each run of white space (NBSP too) one space, and trimmed."""
    return _SPACE.sub(" ", clean(text)).strip()


def collapsed_length(text: str) -> int:
    """Return the number of characters that ``collapse`` leaves."""
    return len(" ".join(clean(text).split()))


def without_surrogates(text: str) -> str:
    """Return the text with lone surrogates, which no encoding can write, replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)
