"""The case as one HTML document without script, font, image or style from anywhere else; the PDF is made of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from claimcheck.report import words as report_words
from claimcheck.report.rendering import environment_of, style_of
from claimcheck.report.shown import quoted, shown, source_link
from claimcheck.report.versions import version_rows
from claimcheck.review.casefile import words
from claimcheck.review.casefile.rates import ENOUGH
from claimcheck.review.casefile.records import FLAGGED, CaseFile, CaseFinding, CasePage, CasePlace
from claimcheck.scan.coverage import coverage_words, reason_words

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["to_html"]

_PACKAGE = "claimcheck.review.casefile"


@dataclass(frozen=True, slots=True)
class HeadingGroup:
    """The claims of a page that stand under one heading."""

    place: CasePlace
    findings: tuple[CaseFinding, ...]


@dataclass(frozen=True, slots=True)
class PageGroup:
    """The claims of the schedule that are quoted from one page."""

    page: CasePage
    headings: tuple[HeadingGroup, ...]


def to_html(case: CaseFile) -> str:
    """Return the complete document."""
    return (
        _environment()
        .get_template("casefile.html.j2")
        .render(
            **style_of(_PACKAGE, "casefile.css"),
            case=case,
            schedule=list(_schedule(case)),
            versions=version_rows(case.versions),
            counts=[(label, case.count(label)) for label in FLAGGED],
            labels=FLAGGED,
            enough=ENOUGH,
            coverage_words=coverage_words,
            unread_words=reason_words,
            numbers={f"finding:{finding.finding_id}": finding.number for finding in case.findings},
            words=words,
            report_words=report_words,
        )
    )


@cache
def _environment() -> "Environment":
    environment = environment_of(_PACKAGE)
    environment.filters |= {
        "lower_first": lambda text: text[:1].lower() + text[1:],
        "quoted": quoted,
        "shown": shown,
        "quoted_lines": _quoted_lines,
        "source_link": source_link,
    }
    return environment


def _quoted_lines(quote: str) -> str:
    """Return the quotation in quotation marks, its line breaks kept, without what would reorder or hide its text."""
    text = shown(quote).strip()
    return f"“{text}”"


def _schedule(case: CaseFile) -> Iterator[PageGroup]:
    for number, of_page in groupby(case.findings, key=lambda finding: finding.places[0].page):
        headings = tuple(
            HeadingGroup(found[0].places[0], tuple(found))
            for _, group in groupby(of_page, key=lambda finding: _under(finding.places[0]))
            if (found := list(group))
        )
        yield PageGroup(case.page(number), headings)


def _under(place: CasePlace) -> tuple[str, str, bool]:
    kind = place.block if place.block in {"meta", "heading"} else "text"
    return kind, place.heading if kind == "text" else "", place.visible
