"""The store that benches use is a true one: offsets, queue and trail are as a scan and a team would leave them."""

import importlib.util
import sys
from pathlib import Path

import sqlalchemy as sa

from claimcheck.review.accounts import account_named
from claimcheck.review.filters import Filters
from claimcheck.review.queue import queue
from claimcheck.review.trail import verify_trail
from claimcheck.store import open_store
from claimcheck.store.models import FindingRow, OccurrenceRow, PageRow, PageTextRow


def load_script(name):
    path = Path(__file__).resolve().parent.parent / "scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    script = importlib.util.module_from_spec(spec)
    sys.modules[name] = script
    spec.loader.exec_module(script)
    return script


def test_a_made_store_is_a_true_one(store_url):
    load_script("make_store").make(store_url, findings=90, sites=3, decisions=20, seed=5)
    store = open_store(store_url)
    with store.session() as session:
        query = (
            sa.select(OccurrenceRow.start, OccurrenceRow.end, FindingRow.sentence, PageTextRow.text)
            .join(FindingRow, FindingRow.id == OccurrenceRow.finding_id)
            .join(PageRow, PageRow.id == OccurrenceRow.page_id)
            .join(PageTextRow, PageTextRow.sha256 == PageRow.text_sha256)
        )
        found = session.execute(query).all()
        assert len(found) == 90
        assert all(text[start:end] == sentence for start, end, sentence, text in found)
        ann = account_named(session, "reviewer00")
        assert len(queue(session, ann, Filters(), limit=200).items) == 90
        assert len(queue(session, ann, Filters(state="decided"), limit=200).items) == 20
    assert verify_trail(store) == []
    store.close()
