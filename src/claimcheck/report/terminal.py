"""The report for a terminal or a pipe: the outcome first, then the claims that go too far, the most serious on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimcheck.records import Label, PageFinding, Report, Verdict
from claimcheck.report.failure import Failure, Outcome
from claimcheck.report.shown import clipped, one_line, quoted, safe_link, source_link
from claimcheck.report.versions import version_words
from claimcheck.report.words import (
    CERTAINTY_WORDS,
    FINDING_WORDS,
    LABEL_ORDER,
    LABEL_SYMBOL,
    LABEL_WORD,
    OVERSTATEMENT_WORDS,
    citation,
    confidence_words,
    counts,
    decisive,
    headline,
    number_words,
    study_words,
    worst_first,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["print_terminal"]

# What a reader takes in on one screen or three; --all lifts them.
FLAGGED_SHOWN = 30
COMPACT_SHOWN = 15
QUOTES_SHOWN = 3
NUMBERS_SHOWN = 3
SENTENCE_LENGTH = 300

_STYLE = {
    Label.CONTRADICTED: "bold red",
    Label.OVERSTATED: "bold yellow",
    Label.UNVERIFIED: "bold cyan",
    Label.SUPPORTED: "bold green",
}
# One character for one, so that styled spans keep their places on a terminal without these characters.
_ASCII = str.maketrans("✗▲✓·█“”’…–—⚑", 'x^+-#""\'.--!')


@dataclass(frozen=True, slots=True)
class _Screen:
    """A console that wraps and indents styled text, without trailing spaces and without markup."""

    console: "Console"
    everything: bool

    def put(self, *parts: tuple[str, str] | str, indent: int = 0, hang: int = 0) -> None:
        """Print parts, each a text or (text, style), wrapped; lines after the first are ``hang`` further in."""
        from rich.text import Text

        text = Text(overflow="fold", end="")
        for part in parts:
            words, style = (part, "") if isinstance(part, str) else part
            text.append(words, style=style or None)
        if not self.console.encoding.lower().replace("-", "").startswith("utf"):
            text.plain = text.plain.translate(_ASCII)
        width = max(self.console.width - indent - hang, 12)
        for number, line in enumerate(text.wrap(self.console, width)):
            self._line(line, indent + (hang if number else 0))

    def _line(self, line: "Text", indent: int) -> None:
        from rich.text import Text

        line.rstrip()
        whole = Text(" " * indent, end="") if line.plain else Text(end="")
        whole.append_text(line)
        # The lines are wrapped already; rich would crop or pad them again.
        self.console.print(whole, soft_wrap=True, markup=False, highlight=False, emoji=False)

    def heading(self, words: str) -> None:
        """Print a section heading after an empty line."""
        self.put("")
        self.put((words, "bold underline"))

    def left_out(self, number: int, what: str) -> None:
        """Say that ``number`` more were not shown, and how to see them."""
        if number:
            self.put((f"… and {number} more {what}; --all shows everything.", "italic"), indent=2)


def print_terminal(outcome: Outcome, console: "Console", *, everything: bool = False) -> None:
    """Print a report, or one line for a source that failed; long lists are cut, and say so, unless ``everything``."""
    screen = _Screen(console, everything)
    if isinstance(outcome, Failure):
        screen.put((f"{one_line(outcome.uri)}: ", "bold"), one_line(outcome.message), hang=2)
        return
    _print_head(outcome, screen)
    if outcome.findings:
        screen.heading("The page as a whole")
        for finding in outcome.findings:
            _print_finding(outcome, finding, screen)
    flagged = [v for v in worst_first(outcome.verdicts) if v.label in {Label.CONTRADICTED, Label.OVERSTATED}]
    if flagged:
        screen.heading(f"Claims that go too far ({len(flagged)})")
        shown = flagged if everything else flagged[:FLAGGED_SHOWN]
        for verdict in shown:
            screen.put("")
            _print_verdict(verdict, screen)
        screen.left_out(len(flagged) - len(shown), "that go too far")
    _print_compact(outcome, Label.UNVERIFIED, "Not settled by the evidence at hand", screen)
    _print_compact(outcome, Label.SUPPORTED, "Supported by the evidence", screen)
    screen.put("")
    screen.put(("An automated reading: a person must check it. Not medical or legal advice.", "italic"))
    screen.put((version_words(outcome.versions), "dim"))


def _print_head(report: Report, screen: _Screen) -> None:
    source, coverage = report.page.source, report.page.coverage
    uri = "standard input" if source.uri == "-" else one_line(source.uri)
    title = clipped(source.title, 200)
    if title:
        screen.put((title, "bold"))
    link = safe_link(source.uri)
    screen.put((uri, f"link {link}" if link else ""), (f" · read {one_line(source.retrieved_at)}", "dim"))
    if coverage.images_without_text:
        number = coverage.images_without_text
        what = "1 image" if number == 1 else f"{number} images"
        screen.put((f"{what} without a text alternative could not be read.", "dim"))
    if foreign := coverage.reasons_dropped.get("other-language"):
        screen.put((f"{foreign:,} characters in another language were not checked.", "dim"))
    screen.put("")
    screen.put((headline(report), "bold"))
    number_of = counts(report)
    room = max(min(screen.console.width - 24, 40), 4)
    most = max(number_of.values())
    for label in LABEL_ORDER if most else ():
        number = number_of[label]
        length = max(round(room * number / most), 1) if number else 0
        word = LABEL_WORD[label].lower().ljust(12)
        bar = "█" * length
        screen.put((f"{LABEL_SYMBOL[label]} {word} {number:>4} ", _STYLE[label]), (bar, _STYLE[label]), indent=2)


def _print_finding(report: Report, finding: PageFinding, screen: _Screen) -> None:
    name = FINDING_WORDS.get(finding.kind, one_line(finding.kind).replace("_", " "))
    screen.put(("⚑ ", "bold magenta"), (f"{name}: ", "bold"), one_line(finding.explanation), indent=2, hang=2)
    shown = finding.spans if screen.everything else finding.spans[:QUOTES_SHOWN]
    for span in shown:
        quote = clipped(report.page.text[span.start : span.end], SENTENCE_LENGTH)
        if quote:
            screen.put((quoted(quote), "italic"), indent=4, hang=1)
    if len(finding.spans) > len(shown):
        screen.put((f"… and {len(finding.spans) - len(shown)} more places; --all shows them.", "italic"), indent=4)


def _print_verdict(verdict: Verdict, screen: _Screen) -> None:
    style = _STYLE[verdict.label]
    head: list[tuple[str, str] | str] = [
        (f"{LABEL_SYMBOL[verdict.label]} {LABEL_WORD[verdict.label].upper()}", style),
        f"  {confidence_words(verdict.confidence)} · {verdict.severity.value} severity",
    ]
    if verdict.needs_review:
        head.append(("  ⚑ needs review", "bold magenta"))
    screen.put(*head, indent=2, hang=2)
    screen.put((quoted(verdict.claim.text), "bold"), indent=4, hang=1)
    sentence = clipped(verdict.claim.sentence, SENTENCE_LENGTH)
    if sentence != one_line(verdict.claim.text):
        screen.put(("On the page: ", "dim"), quoted(sentence), indent=4, hang=2)
    screen.put(one_line(verdict.explanation), indent=4)
    for way in verdict.overstates:
        screen.put(("Goes too far: ", "dim"), f"it {OVERSTATEMENT_WORDS[way]}.", indent=4, hang=2)
    numbers = verdict.numbers if screen.everything else verdict.numbers[:NUMBERS_SHOWN]
    for number in numbers:
        screen.put(("Numbers: ", "dim"), number_words(number), indent=4, hang=2)
    _print_evidence(verdict, screen)


def _print_evidence(verdict: Verdict, screen: _Screen) -> None:
    first = decisive(verdict)
    if first is None:
        return
    shown = [first]
    if screen.everything:
        shown += [item for item in verdict.evidence if item is not first]
    for item in shown:
        record = item.record
        grade = f"{CERTAINTY_WORDS[record.certainty]}, {study_words(record.source)}"
        said = record.statement.rstrip(".") in verdict.explanation
        found = grade if said else f"{one_line(record.statement)} [{grade}]"
        screen.put(("Evidence: ", "dim"), found, indent=4, hang=2)
        if record.limits:
            screen.put(("Limits: ", "dim"), one_line(record.limits), indent=4, hang=2)
        link = source_link(record.source)
        parts: list[tuple[str, str] | str] = [("Source: ", "dim"), citation(record.source)]
        if link:
            parts += [" ", (link, f"underline link {link}")]
        screen.put(*parts, indent=4, hang=2)
    more = len(verdict.evidence) - len(shown)
    if more:
        screen.put((f"({more} more piece{'s' if more > 1 else ''} of evidence: --all)", "dim"), indent=4)


def _print_compact(report: Report, label: Label, title: str, screen: _Screen) -> None:
    verdicts: Sequence[Verdict] = [verdict for verdict in report.verdicts if verdict.label is label]
    if not verdicts:
        return
    screen.heading(f"{title} ({len(verdicts)})")
    shown = verdicts if screen.everything else verdicts[:COMPACT_SHOWN]
    for verdict in shown:
        parts: list[tuple[str, str] | str] = [(f"{LABEL_SYMBOL[label]} ", _STYLE[label])]
        parts.append(one_line(verdict.claim.text) if screen.everything else clipped(verdict.claim.text, 200))
        if verdict.needs_review:
            parts.append(("  ⚑ needs review", "bold magenta"))
        screen.put(*parts, indent=2, hang=2)
        first = decisive(verdict)
        if label is Label.SUPPORTED and first:
            source = first.record.source
            # A law or a label has no journal: a year alone would name nothing.
            publisher = source.journal or source.authors or source.title
            where = clipped(" ".join(filter(None, (publisher.rstrip("."), str(source.year or "")))), 120)
            link = source_link(source)
            grade = CERTAINTY_WORDS[first.record.certainty]
            screen.put((where, f"dim link {link}" if link else "dim"), (f" · {grade}", "dim"), indent=4, hang=2)
    screen.left_out(len(verdicts) - len(shown), label.value)
