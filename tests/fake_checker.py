"""A checker that answers by words, with the methods that a scan needs; its loader can be sent to worker processes.

Words in a page make trouble: CRASH ends the process, HANG sleeps, BUG raises while the page is read, JUDGEBUG while its
claim is judged.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from claimcheck.page import split_sentences
from claimcheck.pipeline import PageClaims
from claimcheck.records import Claim, Evidence, Label, PageFinding, Severity, Span, Stance, Verdict
from claimcheck.scan.work import ArchiveReader, PageWork
from evidence_records import a_record
from toy_models import BagOfWords

VERSIONS = {"claimcheck": "0", "corpus": {"pack": "tea", "sha256": "5f" * 32}, "models": {"m": "1"}}
WORDS = {"cures": Label.CONTRADICTED, "proven": Label.OVERSTATED, "nobody knows": Label.UNVERIFIED}
SEVERITY = {Label.CONTRADICTED: Severity.HIGH, Label.OVERSTATED: Severity.MEDIUM}


class WordChecker:
    """Sentences that name tea are claims; words decide their verdicts."""

    def __init__(self, *, delay=0.0, versions=None, log=None):
        self.delay, self.versions, self.log = delay, versions or VERSIONS, log
        self._encoder = BagOfWords()

    def claims_of(self, page):
        if "CRASH" in page.text:
            os._exit(9)
        if "HANG" in page.text:
            time.sleep(600)
        if "BUG" in page.text.replace("JUDGEBUG", ""):
            raise ValueError("a bug in the reader")
        sentences = split_sentences(page)
        said = [sentence for sentence in sentences if "tea" in sentence.text.lower()]
        claims = tuple(
            Claim(f"c{i}", s.text.strip(), s.start, s.end, s.text, "efficacy_pain") for i, s in enumerate(said, 1)
        )
        vectors = self._encoder.encode([claim.text for claim in claims])
        return PageClaims(page, sentences, np.ones(len(sentences), bool), claims, vectors)

    def findings_of(self, made):
        return (PageFinding("guarantee", "It promises.", (Span(0, 1),)),) if "guarantee" in made.page.text else ()

    def judge_claims(self, claims, vectors):
        assert len(claims) == len(vectors)
        if any("JUDGEBUG" in claim.text for claim in claims):
            raise ValueError("a bug in the judge")
        if self.log:
            with Path(self.log).open("a") as stream:
                stream.write("".join(f"{claim.text}\n" for claim in claims))
        time.sleep(self.delay)
        # The digits hang on the company a claim is judged in, as those of int8 models do.
        shift = len(claims) / 1000
        return tuple(self._verdict(claim, shift) for claim in claims)

    def _verdict(self, claim, shift):
        label = next((label for word, label in WORDS.items() if word in claim.text.lower()), Label.SUPPORTED)
        probabilities = {each: 0.7 + shift if each is label else 0.1 for each in list(Label)[:4]}
        cited = (Evidence(a_record(id="a-record"), Stance.LIMITS, 0.7),)
        return Verdict(claim, label, probabilities, 0.7 + shift, False, SEVERITY.get(label, Severity.NONE), (),
                       "Because.", cited)  # fmt: skip


@dataclass(frozen=True)
class WordLoader:
    """Loads a ``WordChecker`` over an archive, in whatever process."""

    archive: Path
    delay: float = 0.0
    version: str = "1"
    log: str = ""

    def __call__(self):
        checker = WordChecker(delay=self.delay, versions=VERSIONS | {"models": {"m": self.version}}, log=self.log)
        return PageWork(checker, ArchiveReader(self.archive))
