"""Where one line of text goes on in the next, and which marks open a list item."""

import re

__all__ = ["BULLET", "continues", "ends_sentence", "looks_like_heading"]

# Marks that open a list item, with the space after them. Of letters only "o" is one (it is what word processors paste
# for a hollow bullet), and numbers need a stop or bracket.
BULLET = re.compile(
    r"(?:[•●○◦▪▫■□◆◇►▶▸‣⁃∙·✓✔✅☑✦★☆➤➔→»❖✗✘–—*+-]\s+|[•●◦▪■►▸‣✓✔✅☑➤](?=\w)|(?:\d{1,3}[.)]|[a-zA-Z]\))\s+(?=\S)|\(\d{1,2}\)\s+|o\s{2,})"
)
_END = re.compile(r"[.!?…:;][\"'”’)\]»*]*$")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]»*]*$")
_OPEN_END = re.compile(
    r"(?:[,(–—&/-]|\b(?:a|an|the|and|or|of|for|to|in|on|at|by|with|from|your|our|my|is|are|that|as|than|into|their))$",
    re.I,
)
# Only the end of a line is searched for stops: lines may be megabytes long.
_TAIL = 24
_HEADING_WORDS = 14
_HEADING_LENGTH = 100


def continues(line: str, following: str) -> bool:
    """Say whether a line break between two lines is only typographical: the sentence goes on."""
    line, following = line.strip(), following.strip()
    if not line or not following or BULLET.match(following):
        return False
    tail = line[-_TAIL:]
    if _OPEN_END.search(tail):
        return True
    return not _END.search(tail) and following[0].islower()


def ends_sentence(line: str) -> bool:
    """Say whether a line ends with a stop, with closing quotes and brackets after it or without."""
    return bool(_SENTENCE_END.search(line.strip()[-_TAIL:]))


def looks_like_heading(line: str) -> bool:
    """Say whether a line by itself reads as a heading: short, without a final stop, and with words in it."""
    line = line.strip()
    if not line or len(line) > _HEADING_LENGTH or len(line.split()) > _HEADING_WORDS:
        return False
    if not any(character.isalpha() for character in line):
        return False
    return line.endswith("?") or not re.search(r"[.!…:;,][\"'”’)\]]*$", line)
