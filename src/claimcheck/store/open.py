"""Opening a store: a URL or a path in, an engine on a database of the newest schema out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimcheck.errors import DamagedDataError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL
    from sqlalchemy.orm import Session

__all__ = ["Store", "open_store"]

BUSY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. ``archive`` is the folder of captures that belongs to it."""

    engine: "Engine"
    archive: Path

    @contextmanager
    def session(self) -> "Iterator[Session]":
        """Yield a session whose work is committed at the end, or rolled back whole by an exception."""
        from sqlalchemy.orm import Session

        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_store(url: str, *, archive: Path | None = None, create: bool = True) -> Store:
    """Return the store at a SQLAlchemy URL, or at the path of a SQLite file, brought to the newest schema.

    Captures lie in ``archive``; by default in ``NAME.archive`` beside the SQLite file, or ``claimcheck.archive`` here.

    :raises UsageError: when the URL is of an unknown kind, there is no store and ``create`` is False, or the extra that
        a store needs is not installed.
    :raises DamagedDataError: when the database cannot be opened or was written by a newer claimcheck.
    """
    try:
        import alembic.util
        import sqlalchemy
    except ImportError as error:
        raise UsageError("a store needs `pip install 'claimcheck[scan]'`") from error
    parsed = _parse(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    path = Path(parsed.database) if is_sqlite and parsed.database else None
    if path is not None and not create and not path.exists():
        raise UsageError(f"found no store at {path}; make one with `claimcheck scan SITE --store {path}`")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = sqlalchemy.create_engine(parsed, **({} if is_sqlite else {"pool_pre_ping": True}))
        if is_sqlite:
            sqlalchemy.event.listen(engine, "connect", _prepare_sqlite)
        _upgrade(engine)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the store's driver {error.name!r} is not installed; `pip install 'claimcheck[postgresql]'`"
        ) from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise DamagedDataError(
            f"{parsed.render_as_string()}: the store cannot be opened ({_first_line(error)}); check the address"
        ) from error
    except alembic.util.CommandError as error:
        raise DamagedDataError(
            f"{parsed.render_as_string()}: the store is of another version ({error}); update claimcheck"
        ) from error
    return Store(engine, archive or _archive_of(path))


def _parse(url: str) -> "URL":
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if not re.match(r"[a-z][a-z0-9+]*://", url):
        url = f"sqlite:///{url}"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError(f"found the store {url!r}, expected a path or an address such as postgresql://…") from error
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise UsageError(f"found a store of kind {parsed.drivername!r}, expected sqlite or postgresql")
    return parsed


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
    # WAL lets reviewers read while a scan writes; FULL keeps a commit through a power cut, as evidence should.
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _upgrade(engine: "Engine") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "claimcheck:store/migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _archive_of(path: Path | None) -> Path:
    return path.with_name(f"{path.name}.archive") if path else Path("claimcheck.archive")


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).splitlines()[0]
