"""The store on both databases: the same schema, the same rows back."""

import sqlalchemy as sa

from claimcheck.store import open_store
from claimcheck.store.models import Base, SiteRow


def test_a_new_store_has_every_table_of_the_models(store_url, tmp_path):
    store = open_store(store_url, archive=tmp_path / "archive")
    names = set(sa.inspect(store.engine).get_table_names())
    store.close()
    assert set(Base.metadata.tables) <= names


def test_rows_come_back_as_they_went_in(store_url, tmp_path):
    store = open_store(store_url, archive=tmp_path / "archive")
    with store.session() as session:
        site = SiteRow(host="clinic.example", start_url="https://clinic.example/'; DROP TABLE site;--")
        session.add(site)
        session.flush()
        created = site.created_at
    with store.session() as session:
        found = session.scalars(sa.select(SiteRow)).one()
        assert (found.host, found.start_url, found.created_at) == (site.host, site.start_url, created)
        assert found.created_at.tzinfo is not None
    store.close()


def test_a_session_that_fails_leaves_nothing(store_url, tmp_path):
    store = open_store(store_url, archive=tmp_path / "archive")
    try:
        with store.session() as session:
            session.add(SiteRow(host="a.example", start_url="https://a.example/"))
            session.flush()
            raise RuntimeError
    except RuntimeError:
        pass
    with store.session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SiteRow)) == 0
    store.close()


def test_a_store_is_opened_again_as_it_was(store_url, tmp_path):
    for host in ("a.example", "b.example"):
        store = open_store(store_url, archive=tmp_path / "archive")
        with store.session() as session:
            session.add(SiteRow(host=host, start_url=f"https://{host}/"))
        store.close()
    store = open_store(store_url, create=False)
    with store.session() as session:
        assert session.scalars(sa.select(SiteRow.host).order_by(SiteRow.host)).all() == ["a.example", "b.example"]
    store.close()
