"""Which words make a claim overstate: the reader is asked again without them, and with each of them alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimcheck.verdict.cues import cue_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Occlusion"]

# Candidate words tried for one claim; more costs time and finds few.
MAX_WORDS = 5
# How much more serious a word must make the claim: 0 is supported, 1 overstated, 2 contradicted.
MIN_RISE = 0.25


@dataclass(frozen=True, slots=True)
class Occlusion:
    """The trials for one claim against one premise; ``spans`` are its candidate words, as offsets into ``text``."""

    text: str
    premise: str

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Return the candidate words: absolute, boosting and denying ones."""
        return cue_spans(self.text)[:MAX_WORDS]

    def pairs(self) -> list[tuple[str, str]]:
        """Return the pairs to read: the claim, it without every candidate, then without each and with each alone."""
        spans = self.spans
        texts = [self.text, self._without(spans)]
        for span in spans:
            texts.append(self._without([span]))
            texts.append(self._without([other for other in spans if other != span]))
        return [(text, self.premise) for text in texts]

    def strong(self, read: "NDArray[np.float32]") -> list[tuple[int, int]]:
        """Return the spans that make the claim more serious, from the reading of ``pairs``, shape (pairs, 4)."""
        seriousness = read[:, 1] + 2 * read[:, 2]
        whole, bare = seriousness[0], seriousness[1]
        found = []
        for i, span in enumerate(self.spans):
            without, alone = seriousness[2 + 2 * i], seriousness[3 + 2 * i]
            if max(whole - without, alone - bare) >= MIN_RISE:
                found.append(span)
        return found

    def _without(self, spans: list[tuple[int, int]]) -> str:
        text = self.text
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + text[end:]
        return " ".join(text.split())
