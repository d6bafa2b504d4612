"""Claims from a page's check-worthy sentences: context filled in, coordinated assertions split, page order kept."""

import re
from collections.abc import Sequence
from typing import Protocol

from claimcheck.claims.resolve import Context, Subject, name_treatment, page_subject, resolve
from claimcheck.claims.split import split_assertions
from claimcheck.claims.stems import join_stem, stem_of
from claimcheck.claims.words import MAX_LENGTH, is_condition
from claimcheck.records import BlockKind, Claim, Page, Sentence

__all__ = ["ClaimExtractor", "claim_texts", "extract_claims", "headings_of"]

# What a claim is about until ``assign_topics`` has read its embedding.
NO_TOPIC = "other"


class ClaimExtractor(Protocol):
    """Makes the claims of a page."""

    def __call__(
        self,
        page: Page,
        sentences: Sequence[Sentence],
        worthiness: Sequence[float],
        *,
        threshold: float,
        subject: Subject,
    ) -> tuple[Claim, ...]:
        """Return the claims of the sentences whose worthiness reaches ``threshold``, in page order."""


def extract_claims(
    page: Page, sentences: Sequence[Sentence], worthiness: Sequence[float], *, threshold: float, subject: Subject
) -> tuple[Claim, ...]:
    """Return the claims of the sentences whose worthiness reaches ``threshold``, in page order, as c1, c2 and so on.

    A check-worthy sentence gives one claim or more; a list item that only names a thing, under a stem that asserts
    nothing of it, gives none. Topics are left as ``other``; ``assign_topics`` sets them from the claims' embeddings.

    :raises ValueError: when there is not one worthiness for each sentence.
    """
    if len(sentences) != len(worthiness):
        raise ValueError(f"{len(sentences)} sentences and {len(worthiness)} worthiness values; expected one for each")
    headings = headings_of(sentences)
    treatment = page_subject(page.text, subject)
    claims: list[Claim] = []
    for index, sentence in enumerate(sentences):
        worth = float(worthiness[index])
        if worth < threshold:
            continue
        for text in claim_texts(sentences, index, headings[index], treatment, subject):
            number = f"c{len(claims) + 1}"
            claims.append(Claim(number, text, sentence.start, sentence.end, sentence.text, NO_TOPIC, worth))
    return tuple(claims)


def headings_of(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Return for each sentence the heading before it, "" where there is none."""
    headings, current = [], ""
    for sentence in sentences:
        headings.append(current)
        if sentence.kind is BlockKind.HEADING:
            current = sentence.text.strip()
    return tuple(headings)


def claim_texts(
    sentences: Sequence[Sentence], index: int, heading: str, treatment: str, subject: Subject
) -> tuple[str, ...]:
    """Return the self-contained texts of one sentence's claims, in the order in which it makes them."""
    sentence = sentences[index]
    mention = subject.pattern()
    text = " ".join(sentence.text.split())
    stem = " ".join(stem_of(sentences, index).split())
    previous = " ".join(sentences[index - 1].text.split()) if index else ""
    if max(map(len, (text, stem, previous, heading))) > MAX_LENGTH:
        return (text,)
    joined = join_stem(stem, text, treatment) if stem else text
    if not joined.strip():
        return ()
    context = Context(previous if joined == text else "", heading, treatment)
    resolved = resolve(joined, context, mention)
    if _names_only(resolved):
        return ()
    parts = (name_treatment(part, treatment, mention) for part in split_assertions(resolved, mention) if part.strip())
    return tuple(dict.fromkeys(_small_letter(part, text, subject.name) for part in parts))


def _names_only(text: str) -> bool:
    """Return whether a text is a bare condition, word or number, as in the cells of a table: it asserts nothing."""
    bare = text.strip(' .!:;,•*"“”')
    # White space counts words in any script, so that look-alike letters hide no claim.
    return len(bare.split()) < 2 or is_condition(bare)


def _small_letter(claim: str, sentence: str, name: str) -> str:
    """Return a rewritten claim with the substance's name in small letters where it moved into the sentence."""
    if claim in sentence or not name.islower():
        return claim
    return re.sub(rf"(?<=[a-z,] ){re.escape(name.capitalize())}\b(?!\s+[A-Z])", name, claim)
