"""Fixtures that several test files share; each is described where it is written."""

from postgres import postgres_server, postgres_url, store_url

__all__ = ["postgres_server", "postgres_url", "store_url"]
