"""How changes and letters are shown in a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from claimcheck.report.shown import clipped, one_line
from claimcheck.scan.coverage import reason_words
from claimcheck.scan.diff import ScanDiff
from claimcheck.scan.diff_report import (
    CAUSE_WORDS,
    STATUS_WORDS,
    clock_words,
    diff_headline,
    letter_headline,
    moved_words,
    version_words,
)
from claimcheck.scan.followup import STATUSES, CitedClaim, FollowUp, Letter
from claimcheck.scan.reworded import WordChange
from claimcheck.scan.seen import ClaimSeen

__all__ = ["diff_view", "letter_view", "letters_table"]

SHOWN = 10
_STYLES = {"contradicted": "red", "overstated": "yellow", "supported": "green", "unverified": ""}
_MARKS = {"removed": ("[-", "-]", "red strike"), "added": ("{+", "+}", "green underline"), "same": ("", "", "")}


def diff_view(diff: ScanDiff, *, everything: bool = False) -> RenderableType:
    """Return what changed, each kind of change cut to ten unless ``everything``."""
    title = f"{one_line(diff.after.host)}: scan {diff.before.scan_id} to scan {diff.after.scan_id}"
    lines: list[RenderableType] = [Text(title, style="bold"), Text(diff_headline(diff))]
    if diff.versions:
        lines.append(Text(version_words(diff), style="yellow"))
    sections: Sequence[tuple[str, list[RenderableType]]] = (
        ("Reworded", [
            Group(_labels(item.before, item.after, CAUSE_WORDS[item.cause]), _indented(_words(item.words)))
            for item in diff.reworded
        ]),
        ("New", [
            _claim(item.claim, "its pages were read for the first time" if item.is_first_read else "")
            for item in diff.new
        ]),
        ("Gone", [_claim(item.claim, "with its page" if item.with_page else "") for item in diff.gone]),
        ("Not seen (pages could not be read this time)", [
            _claim(item.claim, "; ".join(f"{page.url}: {page.detail or page.reason}" for page in item.pages[:2]))
            for item in diff.unseen
        ]),
        ("Judged differently, the claim unchanged", [
            Group(_labels(item.before, item.after, f"changed: {', '.join(item.versions)}"),
                  _indented(Text(clipped(item.after.text, 300))))
            for item in diff.verdicts
        ]),
        ("On other pages", [_claim(item.after, moved_words(item)) for item in diff.moved]),
        ("Pages", [
            Text(f"{item.kind:<9}{one_line(item.url)}{_why(item.detail, item.reason)}") for item in diff.pages
        ]),
    )  # fmt: skip
    for name, items in sections:
        lines += _section(name, items, everything)
    return Group(*lines)


def _section(name: str, items: list[RenderableType], everything: bool) -> Iterable[RenderableType]:
    if not items:
        return []
    shown = items if everything else items[:SHOWN]
    rest = [Text(f"… and {len(items) - len(shown)} more (--all shows them)", style="dim")] if shown != items else []
    body = [Padding(item, (0, 0, 0, 2)) for item in (*shown, *rest)]
    return [Text(), Text(f"{name} ({len(items)})", style="bold"), *body]


def _why(detail: str, reason: str) -> str:
    words = one_line(detail) or (reason_words(reason) if reason else "")
    return f"  {words}" if words else ""


def _claim(claim: ClaimSeen, note: str) -> RenderableType:
    text = Text.assemble((f"{claim.label:<13}", _STYLES.get(claim.label, "")), clipped(claim.text, 300))
    return Group(text, _indented(Text(one_line(note), style="dim"))) if note else text


def _labels(before: ClaimSeen, after: ClaimSeen, note: str) -> Text:
    parts: list[str | tuple[str, str]] = [(before.label, _STYLES.get(before.label, ""))]
    if before.label != after.label:
        parts += [" → ", (after.label, _STYLES.get(after.label, ""))]
    return Text.assemble(*parts, (f"  {note}", "dim"))


def _indented(view: RenderableType) -> Padding:
    return Padding(view, (0, 0, 0, 2))


def _words(changes: Sequence[WordChange]) -> Text:
    text = Text()
    for number, change in enumerate(changes):
        left, right, style = _MARKS[change.kind]
        text.append(" " if number else "")
        # Brackets too: a file has no colours.
        text.append(f"{left}{one_line(change.text)}{right}", style=style)
    return text


def letter_view(item: FollowUp, *, everything: bool = False) -> RenderableType:
    """Return where a letter stands and what became of each claim that it cites."""
    letter = item.letter
    reference = f" ({one_line(letter.terms.reference)})" if letter.terms.reference else ""
    clock = f"Sent {letter.terms.sent_on}, answer due {letter.due_on}: {clock_words(item)}."
    after = f" By scan {item.after.scan_id} of {item.after.started_at:%Y-%m-%d}." if item.after else ""
    lines: list[RenderableType] = [
        Text(f"Letter {letter.letter_id} to {one_line(letter.host)}{reference}", style="bold"),
        Text(clock + after, style="red" if item.is_overdue and not item.is_rescanned else ""),
        Text(letter_headline(item)),
    ]
    for status in STATUSES:
        claims = [_cited(cited) for cited in item.claims if cited.status == status]
        lines += _section(STATUS_WORDS[status], claims, everything)
    return Group(*lines)


def _cited(cited: CitedClaim) -> RenderableType:
    notes = [*(["with its page"] if cited.with_page else []), *cited.notes]
    if cited.status == "reworded" and cited.now is not None:
        return Group(_labels(cited.claim, cited.now, ""), _indented(_words(cited.words)))
    return _claim(cited.now or cited.claim, "; ".join(notes))


def letters_table(letters: Sequence[Letter]) -> RenderableType:
    """Return the letters, a line each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("letter", "right"), ("site", "left"), ("sent", "left"), ("days", "left"), ("due", "left"),
                          ("claims", "right"), ("reference", "left")):  # fmt: skip
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]  # one of rich's words
    for letter in letters:
        terms = letter.terms
        days = f"{terms.days} {'working' if terms.calendar == 'working' else 'calendar'}"
        table.add_row(
            str(letter.letter_id), Text(one_line(letter.host)), str(terms.sent_on), days, str(letter.due_on),
            str(letter.cited), Text(one_line(terms.reference)),
        )  # fmt: skip
    return table
