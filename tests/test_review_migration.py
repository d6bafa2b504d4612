"""The review's migration: the tables are those of the models, on both databases, and it can be taken back."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from claimcheck.store import review_models
from claimcheck.store.models import Base
from claimcheck.store.open import open_store


def test_the_migrated_tables_are_those_of_the_models_and_go_again(store_url):
    store = open_store(store_url)
    try:
        with store.engine.begin() as connection:
            tables = {getattr(review_models, name).__tablename__ for name in review_models.__all__}
            assert tables <= set(inspect(connection).get_table_names())
            context = MigrationContext.configure(connection, opts={"include_name": is_known})
            assert compare_metadata(context, Base.metadata) == []
        with store.engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", "claimcheck:store/migrations")
            config.attributes["connection"] = connection
            command.downgrade(config, "0001_scans")
            left = set(inspect(connection).get_table_names())
            assert not left & tables and not {name for name in left if name.startswith("review_text")}
            command.upgrade(config, "head")
    finally:
        store.close()


def is_known(name, kind, _parents):
    return not (kind == "table" and name.startswith("review_text"))
