"""How Alembic runs the migrations: over the connection that ``open_store`` hands in."""

from alembic import context

from claimcheck.store import review_models  # noqa: F401 - its tables belong to the schema
from claimcheck.store.models import Base


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    # The full text index is made by hand (0002): each database has its own kind, which SQLAlchemy knows nothing of.
    return not (kind == "table" and name is not None and name.startswith("review_text"))


def _run() -> None:
    connection = context.config.attributes["connection"]
    # Batch mode: SQLite alters a table by copying it.
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, include_name=_is_ours)
    with context.begin_transaction():
        context.run_migrations()


# Alembic runs this file with its context set up; whoever merely imports it has none.
if hasattr(context, "config"):
    _run()
