"""A judge with the methods of ``claimcheck.Checker`` that answers by a script, so that every measure is known."""

import numpy as np

from claimcheck.claims import sentence_label
from claimcheck.entailment import OUTPUTS
from claimcheck.evaluate.rows import CLAIM_LABELS
from claimcheck.page import split_sentences
from claimcheck.pipeline import claims_page
from claimcheck.records import Claim, Evidence, Label, Match, Report, Severity, Stance, Verdict
from evidence_records import a_record

VERSIONS = {
    "claimcheck": "0.1.0",
    "corpus": {"pack": "tea", "records": 3, "sha256": "5f" * 32},
    "settings_sha256": "09" * 32,
}
# Words that decide, in this order; a text with none of them is supported.
WORDS = {"cures": "contradicted", "never": "contradicted", "proven": "overstated", "nobody knows": "unverified"}


def spread(label, confidence, labels=CLAIM_LABELS):
    """Return probabilities with ``confidence`` at the label and the rest spread evenly."""
    rest = (1 - confidence) / (len(labels) - 1)
    return [confidence if name == label else rest for name in labels]


class ScriptedJudge:
    """Says what its ``answers`` say of a text, (label, confidence), else what the text's words say with 0.8.

    ``found`` maps a text to the ids that retrieval finds; ``with_evidence`` holds the answers when gold is handed over.
    """

    def __init__(self, answers=None, *, found=None, with_evidence=None, review_below=0.6):
        self.answers, self.found = answers or {}, found or {}
        self.with_evidence, self.review_below = with_evidence or {}, review_below
        self.handed_over = None

    def answer(self, text):
        by_words = next((label for word, label in WORDS.items() if word in text.lower()), "supported")
        return self.answers.get(text, (by_words, 0.8))

    def verdict(self, claim, label, confidence, ids=("a-record",)):
        probabilities = {Label(name): p for name, p in zip(CLAIM_LABELS, spread(label, confidence), strict=True)}
        cited = tuple(Evidence(a_record(id=record_id), Stance.LIMITS, 0.7) for record_id in ids)
        return Verdict(claim, Label(label), probabilities, confidence, confidence < self.review_below, Severity.LOW, (),
                       "Because.", cited)  # fmt: skip

    def check_claims(self, lines, *, uri="claims", evidence=None):
        page, sentences = claims_page(lines, uri)
        self.handed_over = evidence
        verdicts = []
        for number, sentence in enumerate(sentences):
            claim = Claim(f"c{number}", sentence.text, sentence.start, sentence.end, sentence.text, "other")
            answer = self.answer(sentence.text)
            if evidence is not None:
                answer = self.with_evidence.get(sentence.text, answer)
            verdicts.append(self.verdict(claim, *answer))
        labels = tuple(verdict.label for verdict in verdicts)
        return Report(page, sentences, labels, (True,) * len(labels), tuple(verdicts), (), VERSIONS)

    def check_page(self, page):
        sentences = split_sentences(page)
        verdicts, labels = [], []
        for sentence in sentences:
            own = []
            if "tea" in sentence.text.lower():
                claim = Claim(f"c{len(verdicts)}", sentence.text, sentence.start, sentence.end, sentence.text, "other")
                own.append(self.verdict(claim, *self.answer(sentence.text)))
            verdicts += own
            labels.append(sentence_label([verdict.label for verdict in own]))
        worthy = tuple(label is not Label.NOT_A_CLAIM for label in labels)
        return Report(page, sentences, tuple(labels), worthy, tuple(verdicts), (), VERSIONS)

    def judge_pairs(self, pairs):
        rows = [spread(*self.answer(claim), labels=OUTPUTS) for claim, _ in pairs]
        return np.array(rows, dtype=np.float32)

    def retrieve(self, claims, top_k):
        return [
            [
                Match(a_record(id=record_id), 1.0, 1.0, 0.0, rank)
                for rank, record_id in enumerate(self.found.get(text, [])[:top_k])
            ]
            for text in claims
        ]
