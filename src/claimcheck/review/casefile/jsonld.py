"""The findings as schema.org ClaimReview: claimcheck's own form of it, marked as decided by people."""

import json
from collections.abc import Iterator

from claimcheck.records import Claim, Coverage, Page, Report, Severity, SourceRef, Verdict
from claimcheck.report.claimreview import to_claimreview
from claimcheck.review.casefile import words
from claimcheck.review.casefile.records import CaseFile, CaseFinding

__all__ = ["to_jsonld"]

STATUS = "Decided by people"


def to_jsonld(case: CaseFile) -> str:
    """Return one JSON-LD list with a ClaimReview for each finding, in the order of the schedule."""
    # One report a finding keeps the schedule's order, whatever pages the findings stand on.
    reviews = json.loads(to_claimreview(list(_reports(case))))
    for review, finding in zip(reviews, case.findings, strict=True):
        review["creativeWorkStatus"] = STATUS
        review["datePublished"] = max(made.at for made in finding.decisions).date().isoformat()
    text = json.dumps(reviews, ensure_ascii=False, indent=2, allow_nan=False)
    # As in to_claimreview: no text of a page may close the <script> element that the list is put into.
    return text.replace("<", "\\u003c").replace(">", "\\u003e") + "\n"


def _reports(case: CaseFile) -> Iterator[Report]:
    for finding in case.findings:
        page = case.page(finding.places[0].page)
        at = page.visited_at.isoformat() if page.visited_at else ""
        source = SourceRef("url", page.url, page.title, at, page.sha256)
        yield Report(
            page=Page("", (), source, Coverage(0, 0)),
            sentences=(),
            sentence_labels=(),
            check_worthy=(),
            verdicts=(_verdict(finding),),
            findings=(),
            versions=case.versions,
        )


def _verdict(finding: CaseFinding) -> Verdict:
    place, judged = finding.places[0], finding.judged
    return Verdict(
        claim=Claim(
            f"finding-{finding.finding_id}", finding.claim, place.start, place.end, finding.quote, finding.topic
        ),
        label=finding.label,
        probabilities=judged.probabilities,
        confidence=judged.confidence,
        needs_review=False,
        severity=Severity.NONE,
        overstates=judged.overstates,
        explanation=words.why(finding),
        evidence=tuple(item.evidence for item in finding.evidence if item.status != "struck"),
    )
