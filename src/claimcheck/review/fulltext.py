"""Words of findings: FTS5 on SQLite, tsvector on PostgreSQL; the migration makes ``review_text`` in either kind."""

import re

from sqlalchemy import ColumnElement, Integer, Text, column, func, insert, literal_column, select, table
from sqlalchemy.orm import Session

from claimcheck.store.models import ClaimRow, FindingRow, SiteRow
from claimcheck.store.review_models import ReviewStateRow

__all__ = ["add_texts", "has_words"]

_WORDS_LIMIT = 8
_WORD = re.compile(r"\w+")
_TEXTS = table("review_text", column("rowid", Integer), column("text", Text))


def add_texts(session: Session, scan_id: int) -> None:
    """Make the findings of a scan known by the words of their claim, their sentence and their site."""
    words: ColumnElement[str] = ClaimRow.text + " " + FindingRow.sentence + " " + SiteRow.host
    if session.get_bind().dialect.name != "sqlite":
        # PostgreSQL takes a host or a path for one word; SQLite for its parts, as people search for them.
        words = func.regexp_replace(words, r"\W+", " ", "g")
    rows = (
        select(FindingRow.id, words)
        .join(ClaimRow, ClaimRow.id == FindingRow.claim_id)
        .join(SiteRow, SiteRow.id == FindingRow.site_id)
        .where(FindingRow.scan_id == scan_id)
    )
    session.execute(insert(_TEXTS).from_select(["rowid", "text"], rows))


def has_words(session: Session, search: str) -> ColumnElement[bool]:
    """Return the condition that a finding has every word of a search, each at least as a beginning.

    A search without a word (``%``, ``"``) finds nothing.
    """
    words = _WORD.findall(search.lower())[:_WORDS_LIMIT]
    if not words:
        return ReviewStateRow.finding_id.is_(None)
    # Each word is \w+ by now: neither query language has a sign left to act on.
    query = select(_TEXTS.c.rowid)
    if session.get_bind().dialect.name == "sqlite":
        match = literal_column("review_text").op("MATCH")(" ".join(f'"{word}"*' for word in words))
        return ReviewStateRow.finding_id.in_(query.where(match))
    # The configuration as a literal: only so does PostgreSQL take its index.
    simple: ColumnElement[str] = literal_column("'simple'::regconfig")
    sought = func.to_tsquery(simple, " & ".join(f"'{word}':*" for word in words))
    return ReviewStateRow.finding_id.in_(query.where(func.to_tsvector(simple, _TEXTS.c.text).op("@@")(sought)))
