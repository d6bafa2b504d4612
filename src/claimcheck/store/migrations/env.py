"""How Alembic runs the migrations: over the connection that ``open_store`` hands in."""

from alembic import context

from claimcheck.store.models import Base

connection = context.config.attributes["connection"]
# Batch mode: SQLite alters a table by copying it.
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
