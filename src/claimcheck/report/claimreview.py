"""Reports as schema.org ClaimReview in JSON-LD, the form in which fact-checks are exchanged.

Supported, overstated and contradicted claims are reviewed; unverified ones are not, because a ClaimReview has to rate
and there is nothing to rate. A verdict that needs review is marked as a draft (``creativeWorkStatus``), so that whoever
publishes the list can hold it back; nothing is left out in silence. The rating runs from 1 (contradicted) over 3
(overstated) to 5 (supported).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from claimcheck.records import Label, Report, Source, Verdict
from claimcheck.report.failure import Failure, Outcome
from claimcheck.report.shown import one_line, safe_link, source_link
from claimcheck.report.versions import tool_version
from claimcheck.report.words import LABEL_WORD

__all__ = ["RATINGS", "to_claimreview"]

RATINGS: Mapping[Label, int] = {Label.CONTRADICTED: 1, Label.OVERSTATED: 3, Label.SUPPORTED: 5}

_ARTICLES = {"rct", "open_label", "cohort", "case_series", "meta_analysis", "systematic_review", "review"}


def to_claimreview(outcomes: Sequence[Outcome]) -> str:
    """Return one JSON-LD list of ClaimReview for all sources; a source that failed has none."""
    reviews = [
        _review(outcome, verdict)
        for outcome in outcomes
        if not isinstance(outcome, Failure)
        for verdict in outcome.verdicts
        if verdict.label in RATINGS
    ]
    text = json.dumps(reviews, ensure_ascii=False, indent=2, allow_nan=False)
    # The list is made to be put into a <script> element; no text of a page may close it.
    return text.replace("<", "\\u003c").replace(">", "\\u003e") + "\n"


def _review(report: Report, verdict: Verdict) -> dict[str, Any]:
    source = report.page.source
    link = safe_link(source.uri)
    appearance: dict[str, Any] = {"@type": "WebPage" if link else "CreativeWork"}
    if link:
        appearance["url"] = link
    appearance["name"] = one_line(source.title) or one_line(source.uri)
    version = tool_version(report.versions)
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "@id": f"urn:claimcheck:{source.sha256}:{one_line(verdict.claim.id)}",
        **({"url": link} if link else {}),
        "datePublished": source.retrieved_at[:10],
        "author": {"@type": "Organization", "name": "claimcheck", "alternateName": f"claimcheck {version}"},
        "creativeWorkStatus": "Draft: needs review by a person" if verdict.needs_review else "Automated",
        "claimReviewed": one_line(verdict.claim.text),
        "reviewBody": one_line(verdict.explanation),
        "itemReviewed": {
            "@type": "Claim",
            "text": one_line(verdict.claim.sentence),
            "datePublished": source.retrieved_at[:10],
            "appearance": appearance,
        },
        "reviewRating": {
            "@type": "Rating",
            "ratingValue": RATINGS[verdict.label],
            "worstRating": 1,
            "bestRating": 5,
            "alternateName": LABEL_WORD[verdict.label],
        },
        "citation": [_cited(evidence.record.source) for evidence in verdict.evidence],
    }


def _cited(source: Source) -> dict[str, Any]:
    work: dict[str, Any] = {
        "@type": "ScholarlyArticle" if source.type in _ARTICLES else "CreativeWork",
        "name": one_line(source.title),
        "author": one_line(source.authors),
    }
    if source.year:
        work["datePublished"] = str(source.year)
    if source.journal:
        work["publisher"] = one_line(source.journal)
    link = source_link(source)
    if link:
        work["url"] = link
    return work
