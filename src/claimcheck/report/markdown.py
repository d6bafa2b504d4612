"""Reports as Markdown, for a pull request, a wiki or a file of notes; all text from the page is escaped."""

import re
from collections.abc import Iterator, Sequence

from claimcheck.records import Evidence, Label, Report, Verdict
from claimcheck.report.failure import Failure, Outcome
from claimcheck.report.shown import one_line, quoted, safe_link, source_link
from claimcheck.report.versions import version_words
from claimcheck.report.words import (
    CERTAINTY_WORDS,
    FINDING_WORDS,
    LABEL_MEANING,
    LABEL_ORDER,
    LABEL_SYMBOL,
    LABEL_WORD,
    OVERSTATEMENT_WORDS,
    STANCE_WORDS,
    citation,
    confidence_words,
    counts,
    headline,
    number_words,
    study_words,
    worst_first,
)

__all__ = ["to_markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$^])")
# These mean something only where a line opens: a list, a heading's underline; or a numbered list.
_OPENING = re.compile(r"^(?=[-+=])|^(\d+)(?=[.)])")
_WWW = re.compile(r"(www)\.", re.IGNORECASE)


def to_markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the reports one after the other, a rule between them; a source that failed is named with its reason."""
    return "\n---\n\n".join("\n".join(_lines(outcome)) + "\n" for outcome in outcomes)


def _escaped(text: str) -> str:
    """Return one line in which nothing is Markdown, HTML, or a link of its own making."""
    line = _OPENING.sub(lambda found: f"{found[1] or ''}\\", _SPECIAL.sub(r"\\\1", one_line(text)))
    return _WWW.sub(r"\1&#46;", line.replace("://", ":&#47;&#47;"))


def _lines(outcome: Outcome) -> Iterator[str]:
    if isinstance(outcome, Failure):
        yield f"# {_escaped(outcome.uri)}"
        yield ""
        yield f"**Could not be read** ({_escaped(outcome.reason)}): {_escaped(outcome.message)}"
        return
    source = outcome.page.source
    place = "standard input" if source.uri == "-" else _escaped(source.uri)
    yield f"# {_escaped(source.title) or place}"
    yield ""
    link = safe_link(source.uri)
    yield (f"<{link}>" if link else place) + f", read {_escaped(source.retrieved_at)}"
    yield ""
    yield f"**{_escaped(headline(outcome))}**"
    yield ""
    yield "| Verdict | Claims | What it means |"
    yield "| --- | ---: | --- |"
    for label, number in counts(outcome).items():
        yield f"| {LABEL_SYMBOL[label]} {LABEL_WORD[label]} | {number} | {LABEL_MEANING[label]} |"
    yield ""
    yield from _findings(outcome)
    for label in LABEL_ORDER:
        yield from _section(outcome, label)
    yield "*An automated reading: a person must check it. Not medical or legal advice.*"
    yield ""
    yield f"<sub>{_escaped(version_words(outcome.versions))}</sub>"


def _findings(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield "## The page as a whole"
    yield ""
    for finding in report.findings:
        name = FINDING_WORDS.get(finding.kind, finding.kind)
        yield f"- **{_escaped(name)}**: {_escaped(finding.explanation)}"
        for span in finding.spans:
            yield f"  - {_escaped(quoted(report.page.text[span.start : span.end]))}"
    yield ""


def _section(report: Report, label: Label) -> Iterator[str]:
    verdicts = worst_first([verdict for verdict in report.verdicts if verdict.label is label])
    if not verdicts:
        return
    yield f"## {LABEL_WORD[label]} ({len(verdicts)})"
    yield ""
    for verdict in verdicts:
        yield from _claim(verdict)
    yield ""


def _claim(verdict: Verdict) -> Iterator[str]:
    claim = verdict.claim
    yield f"- {LABEL_SYMBOL[verdict.label]} **{_escaped(claim.text)}**"
    notes = [confidence_words(verdict.confidence), f"{verdict.severity.value} severity"]
    if verdict.needs_review:
        notes.append("**needs review**")
    yield f"  - {', '.join(notes)}"
    if one_line(claim.sentence) != one_line(claim.text):
        yield f"  - On the page: {_escaped(quoted(claim.sentence))}"
    yield f"  - {_escaped(verdict.explanation)}"
    for way in verdict.overstates:
        yield f"  - Goes too far: it {OVERSTATEMENT_WORDS[way]}."
    for number in verdict.numbers:
        yield f"  - Numbers: {_escaped(number_words(number))}"
    for evidence in verdict.evidence:
        yield f"  - {_evidence(evidence)}"


def _evidence(evidence: Evidence) -> str:
    record = evidence.record
    study = _escaped(study_words(record.source))
    grade = f"{STANCE_WORDS[evidence.stance]}; {CERTAINTY_WORDS[record.certainty]}, {study}"
    limits = f" Limits: {_escaped(record.limits)}" if record.limits else ""
    link = source_link(record.source)
    where = f"[{_escaped(citation(record.source))}](<{link}>)" if link else _escaped(citation(record.source))
    return f"{_escaped(record.statement)} ({grade}).{limits} {where}"
