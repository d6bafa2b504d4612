"""The store of scans: sites, pages, claims, judgements and findings in SQLite or PostgreSQL."""

from claimcheck.store.open import Store, open_store

__all__ = ["Store", "open_store"]
