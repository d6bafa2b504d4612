"""Curated evidence: reading, writing, checking and counting the packs of records."""
