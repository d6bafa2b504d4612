"""What commands on a store share: the option that names it, and the store opened and closed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from claimcheck.store.open import Store

__all__ = ["opened", "store_option"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def store_option(function: _Function) -> _Function:
    """Add ``--store``, as ``store_url``."""
    option = click.option(
        "--store", "store_url", required=True, metavar="URL", help="A SQLite file's path, or postgresql://…"
    )
    return option(function)


@contextmanager
def opened(url: str, *, archive: Path | None = None) -> "Iterator[Store]":
    """Yield the store that is there.

    :raises UsageError: when there is none.
    :raises DamagedDataError: when it cannot be opened.
    """
    from claimcheck.store.open import open_store

    store = open_store(url, archive=archive, create=False)
    try:
        yield store
    finally:
        store.close()
