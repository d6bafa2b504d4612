"""The claims of a page: which sentences are check-worthy, and the self-contained assertions that each makes."""

from claimcheck.claims.extract import ClaimExtractor, claim_texts, extract_claims, headings_of
from claimcheck.claims.features import FEATURES
from claimcheck.claims.labels import sentence_label
from claimcheck.claims.resolve import Subject, page_subject
from claimcheck.claims.split import split_assertions
from claimcheck.claims.topics import TOPICS, LinearTopic, TopicModel, assign_topics
from claimcheck.claims.worthiness import LinearWorthiness, WorthinessModel, design_matrix

__all__ = [
    "FEATURES",
    "TOPICS",
    "ClaimExtractor",
    "LinearTopic",
    "LinearWorthiness",
    "Subject",
    "TopicModel",
    "WorthinessModel",
    "assign_topics",
    "claim_texts",
    "design_matrix",
    "extract_claims",
    "headings_of",
    "page_subject",
    "sentence_label",
    "split_assertions",
]
