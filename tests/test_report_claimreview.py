"""ClaimReview rates what was judged and marks what a person has to look at first."""

import json

from claimcheck.report import Failure, to_claimreview
from factories import clinic_report, hostile_report, small_report


def reviews(*outcomes):
    return json.loads(to_claimreview(outcomes))


def test_every_claim_but_the_unverified_is_reviewed():
    assert len(reviews(clinic_report())) == 22


def test_a_review_has_what_schema_org_asks_for():
    review = reviews(clinic_report())[1]
    assert (review["@context"], review["@type"]) == ("https://schema.org", "ClaimReview")
    assert review["claimReviewed"] == "Ketamine is an FDA-approved treatment for depression."
    assert review["reviewRating"] == {
        "@type": "Rating", "ratingValue": 1, "worstRating": 1, "bestRating": 5, "alternateName": "Contradicted",
    }  # fmt: skip
    assert review["itemReviewed"]["appearance"]["url"] == "https://clinic.example/ketamine"
    assert review["datePublished"] == "2026-11-30"
    assert review["author"]["name"] == "claimcheck"
    assert "0.1.0" in review["author"]["alternateName"]
    assert review["citation"][0]["url"] == "https://www.fda.gov/label"


def test_ratings_rise_from_contradicted_to_supported():
    found = reviews(small_report(("a", "contradicted", 0.9), ("b", "overstated", 0.9), ("c", "supported", 0.9)))
    values = [review["reviewRating"]["ratingValue"] for review in found]
    assert values == sorted(set(values))
    assert [type(value) for value in values] == [int, int, int]


def test_a_verdict_that_needs_review_is_a_draft():
    sure, unsure = reviews(small_report(("a", "contradicted", 0.9), ("b", "contradicted", 0.4)))
    assert sure["creativeWorkStatus"] == "Automated"
    assert unsure["creativeWorkStatus"].startswith("Draft")


def test_reviews_have_ids_of_their_own():
    ids = [review["@id"] for review in reviews(clinic_report())]
    assert len(set(ids)) == len(ids)


def test_a_hostile_page_cannot_close_the_script_element_or_set_a_link():
    text = to_claimreview([hostile_report()])
    assert "<" not in text
    assert all("url" not in review["itemReviewed"]["appearance"] for review in json.loads(text))


def test_a_failed_source_has_no_review():
    assert reviews(Failure("url", "https://x.example", "fetch-failed", "no answer")) == []
