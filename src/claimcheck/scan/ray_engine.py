"""The same checking step on a Ray cluster: actors hold the models, Ray Data streams captured pages through them.

Two ways in and out. ``check_with_ray`` reads the captured pages of a run and records results in the store, as the local
engine does. ``check_warcs`` reads WARC files and writes Parquet parts, without a store: nothing but files is shared.

A worker that dies has its batch of pages done again by another. There is one result a page all the same: a page leaves
the state ``fetched`` once, and a Parquet part is written whole by the task whose block it is.
"""

import logging
import os
import pickle
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimcheck.errors import ClaimcheckError, UsageError
from claimcheck.records import Claim, Page, Verdict
from claimcheck.report.contract import claim_values
from claimcheck.scan.checking import JUDGING_FAILED, CheckEvent, take_version
from claimcheck.scan.feed import PageFeed
from claimcheck.scan.record import JudgedClaims, record_failure, record_judgements, record_page
from claimcheck.scan.work import JudgeJob, PageTask, PreparedPage, Unreadable, WorkLoader, claim_key
from claimcheck.store.models import PageRow, ScanRow
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CheckedPage", "check_warcs", "check_with_ray", "require_ray"]

PAGES_A_BATCH = 16
# Enough files that workers end together, and few enough that the driver can name a hundred million pages.
FILES_A_WORKER = 16
MOST_PAGES_A_FILE = 1_024
REMEMBERED_VERDICTS = 20_000


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """A page's outcome with its place; ``verdicts`` are those of the page's different claims, in their order."""

    task: PageTask
    outcome: PreparedPage | Unreadable
    verdicts: tuple[Verdict, ...] = ()


def require_ray() -> Any:  # noqa: ANN401 - the module itself
    """Return the module of Ray.

    :raises UsageError: when the extra is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError("--engine ray needs `pip install 'claimcheck[ray]'`") from error
    return ray


def check_with_ray(
    store: Store,
    run_id: int,
    load: WorkLoader,
    *,
    workers: int,
    tell: Callable[[CheckEvent], None] = lambda _event: None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Check the fetched pages of a run on a cluster and record them in the store; return the id of the version.

    A cluster that ``RAY_ADDRESS`` names is used, else one is started here. Every node must see the archive's folder.

    :raises UsageError: when Ray is not installed, or the run was begun with other models or evidence.
    """
    ray = require_ray()
    # In the archive, which every node sees.
    with _cluster(ray, workers), tempfile.TemporaryDirectory(prefix=".ray-", dir=store.archive) as folder:
        version_id = take_version(store, run_id, ray.get(ray.remote(_versions).remote(load)))
        files = _write_references(store, run_id, Path(folder), workers)
        if not files:
            return version_id
        # A file is a block and goes to an actor as it is: no other process is needed to read or to share out.
        references = ray.data.from_items([{"file": str(path)} for path in files], override_num_blocks=len(files))
        checked = _through_actors(ray, references, load, min(workers, len(files)), batch_size=1)
        known = JudgedClaims(version_id)
        for batch in checked.iter_batches(batch_size=None, prefetch_batches=1):
            for data in batch["result"]:
                # Written a moment ago by our own actors, and never on disk.
                _record(store, known, pickle.loads(data), tell)  # noqa: S301 - made by our own actors
            if stopping():
                break
    return version_id


def check_warcs(warcs: Sequence[Path], output: Path, load: WorkLoader, *, workers: int) -> None:
    """Check the pages of WARC files on a cluster and write one row a page into Parquet parts in a folder.

    Columns: url, state, reason, detail, title, text, text_sha256, sentences, and ``claims`` as JSON: a list of the
    contract's claims with the places of each. Every node must see the files and the folder.

    :raises UsageError: when Ray is not installed or the folder holds something already.
    """
    ray = require_ray()
    if output.exists() and any(output.iterdir()):
        raise UsageError(f"{output}: holds files already; expected a new folder for the Parquet parts")
    output.mkdir(parents=True, exist_ok=True)
    with _cluster(ray, workers):
        files = ray.data.from_items([{"path": str(path.resolve())} for path in warcs], override_num_blocks=len(warcs))
        # Ray makes blocks by their bytes, and thousands of pages are few: one actor would get them all.
        pages = files.flat_map(_pages_of_warc).repartition(target_num_rows_per_block=PAGES_A_BATCH)
        checked = _through_actors(ray, pages, load, workers, batch_size=PAGES_A_BATCH)
        checked.map_batches(_columns, batch_size=None).write_parquet(str(output))


class PageActor:
    """Holds the models of one worker: batches of pages in, pickled ``CheckedPage`` records out."""

    def __init__(self, load: WorkLoader) -> None:
        self._work = load()
        self._verdicts: OrderedDict[str, Verdict] = OrderedDict()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return one result a page, of pages that came along or are referred to by files."""
        if "file" not in batch:
            return self._check(batch)
        parts = [self._check(part) for name in batch["file"] for part in _references(Path(name))]
        return {name: [value for part in parts for value in part[name]] for name in ("page_id", "result")}

    def _check(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        tasks = [_task(batch, i) for i in range(len(batch["url"]))]
        work = self._work.reading_with(_BodyReader(batch)) if "body" in batch else self._work
        outcomes = [
            Unreadable(task.page_id, str(batch["reason"][i]), str(batch["detail"][i]))
            if "reason" in batch and batch["reason"][i]
            else work.prepare(task)
            for i, task in enumerate(tasks)
        ]
        self._judge([page for page in outcomes if isinstance(page, PreparedPage)])
        results = [self._checked(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True)]
        return {
            "page_id": [task.page_id for task in tasks],
            "result": [pickle.dumps(result) for result in results],
        }

    def _judge(self, pages: Sequence[PreparedPage]) -> None:
        """Judge the claims of pages that this actor has not judged yet, all at once."""
        import numpy as np

        new: dict[str, tuple[Claim, NDArray[np.float32]]] = {}
        for page in pages:
            for claim, vector in zip(page.claims, page.vectors, strict=True):
                key = claim_key(claim.text)
                if key in self._verdicts:
                    self._verdicts.move_to_end(key)
                else:
                    new.setdefault(key, (claim, vector))
        if not new:
            return
        claims, vectors = zip(*new.values(), strict=True)
        judged = self._work.judge(JudgeJob(0, claims, np.stack(vectors)))
        for key, verdict in zip(new, judged.verdicts, strict=True):
            if isinstance(verdict, Verdict):
                self._verdicts[key] = verdict
        # Those of this batch came last, so that none of them is dropped.
        while len(self._verdicts) > max(REMEMBERED_VERDICTS, 2 * len(new)):
            self._verdicts.popitem(last=False)

    def _checked(self, task: PageTask, outcome: PreparedPage | Unreadable) -> CheckedPage:
        if isinstance(outcome, Unreadable):
            return CheckedPage(task, outcome)
        found = [self._verdicts.get(claim_key(claim.text)) for claim in outcome.claims]
        verdicts = tuple(verdict for verdict in found if verdict is not None)
        if len(verdicts) < len(found):
            return CheckedPage(task, Unreadable(task.page_id, "internal-error", JUDGING_FAILED))
        return CheckedPage(task, outcome, verdicts)


@dataclass(frozen=True, slots=True)
class _BodyReader:
    """Reads pages whose bodies came along with them; a page's id is its place in the batch."""

    batch: Mapping[str, Any]

    def __call__(self, task: PageTask) -> Page:
        """Return the page; raises SourceError."""
        from claimcheck.capture import CapturedPage, page_of
        from claimcheck.capture.decoding import MAX_BODY, decode

        values = {name: column[task.page_id] for name, column in self.batch.items()}
        coding, content_type = str(values["coding"]), str(values["content_type"])
        body = decode(bytes(values["body"]), coding, source=task.url, max_bytes=MAX_BODY)
        at = datetime.fromisoformat(str(values["fetched_at"])).astimezone(UTC)
        return page_of(CapturedPage(task.url, "response", 200, content_type, (), body, at, "", ""))


@contextmanager
def _cluster(ray: Any, workers: int) -> Iterator[None]:  # noqa: ANN401 - the module
    """Run what is within on the cluster that is there, or on one started here and ended afterwards.

    :raises UsageError: when Ray does not start.
    :raises ClaimcheckError: when the cluster fails, or what an actor raised while it loaded its models.
    """
    is_ours = not ray.is_initialized()
    if is_ours:
        _start(ray, workers)
    try:
        yield
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, ClaimcheckError):
            raise cause from error
        words = str(error).strip().splitlines()[-1][:300]
        raise ClaimcheckError(f"the cluster failed ({words}); what was recorded is kept, try again") from error
    finally:
        if is_ours:
            ray.shutdown()


def _start(ray: Any, workers: int) -> None:  # noqa: ANN401 - the module
    # Ray tells its makers of its use unless told not to; what a regulator scans is nobody's business.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    address = os.environ.get("RAY_ADDRESS")
    own: dict[str, Any] = {} if address else {"num_cpus": workers + 1, "include_dashboard": False}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level="error", **own)
    except Exception as error:  # Ray raises bare Exception when a node does not come up
        words = " ".join(str(error).split())[:300]
        raise UsageError(f"Ray did not start ({words}); check RAY_ADDRESS and the machine's load") from error
    ray.data.DataContext.get_current().enable_progress_bars = False


def _through_actors(ray: Any, items: Any, load: WorkLoader, workers: int, *, batch_size: int) -> Any:  # noqa: ANN401 - Ray is untyped
    return items.map_batches(
        PageActor,
        fn_constructor_kwargs={"load": load},
        batch_size=batch_size,
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=1,
    )


def _versions(load: WorkLoader) -> dict[str, Any]:
    return dict(load().versions)


def _write_references(store: Store, run_id: int, folder: Path, workers: int) -> list[Path]:
    """Write where the run's fetched pages lie into Parquet files, and return these."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import sqlalchemy as sa

    with store.session() as session:
        of_run = sa.select(sa.func.count()).join_from(PageRow, ScanRow).where(ScanRow.run_id == run_id)
        count = session.scalar(of_run.where(PageRow.state == "fetched")) or 0
    size = min(max(count // (workers * FILES_A_WORKER), PAGES_A_BATCH), MOST_PAGES_A_FILE)
    feed = PageFeed(store, run_id, again=False)
    files: list[Path] = []
    part = []
    while True:
        task = feed.next()
        if task is not None:
            part.append(asdict(task))
        if part and (task is None or len(part) == size):
            files.append(folder / f"pages-{len(files):09d}.parquet")
            pq.write_table(pa.Table.from_pylist(part), files[-1])
            part = []
        if task is None:
            return files


def _references(path: Path) -> Iterator[dict[str, list[Any]]]:
    """Yield the pages that a file refers to, a batch at a time."""
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(batch_size=PAGES_A_BATCH):
        yield batch.to_pydict()


def _record(store: Store, known: JudgedClaims, checked: CheckedPage, tell: Callable[[CheckEvent], None]) -> None:
    page, task = checked.outcome, checked.task
    if isinstance(page, Unreadable):
        with store.session() as session:
            is_first = record_failure(session, page)
        if is_first:
            tell(CheckEvent(task.scan_id, task.url, failure=page))
        return
    keys = [claim_key(claim.text) for claim in page.claims]
    with store.session() as session:
        found = known.find(session, keys)
    new = [i for i, key in enumerate(keys) if key not in found]
    if new:
        claims, verdicts = [page.claims[i] for i in new], [checked.verdicts[i] for i in new]
        with store.session() as session:
            record_judgements(session, known.version_id, claims, page.vectors[new], verdicts)
        with store.session() as session:
            found = known.find(session, keys)
    with store.session() as session:
        recorded = record_page(session, page, found)
    if recorded is not None:
        tell(CheckEvent(task.scan_id, task.url, recorded.claims, recorded.new_labels))


def _pages_of_warc(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the answers of a WARC file; redirects are left out: what they lead to is a page of its own."""
    from claimcheck.capture import warc_exchanges
    from claimcheck.errors import SourceError

    nothing = {"body": b"", "coding": "", "content_type": "", "fetched_at": ""}
    for exchange in warc_exchanges(Path(row["path"])):
        if isinstance(exchange, SourceError):
            yield {"url": exchange.source, "reason": exchange.reason, "detail": str(exchange), **nothing}
        elif not 200 <= exchange.status < 300:
            if not 300 <= exchange.status < 400:
                detail = f"the server answered {exchange.status} when the page was archived"
                yield {"url": exchange.url, "reason": f"http-{exchange.status}", "detail": detail, **nothing}
        else:
            yield {
                "url": exchange.url,
                "reason": "",
                "detail": "",
                "body": exchange.body,
                "coding": exchange.header("content-encoding"),
                "content_type": exchange.header("content-type"),
                "fetched_at": exchange.fetched_at.isoformat(),
            }


def _task(batch: Mapping[str, Any], i: int) -> PageTask:
    if "body" in batch:
        return PageTask(i, 0, 0, str(batch["url"][i]), "", 0, 0)
    return PageTask(
        int(batch["page_id"][i]),
        int(batch["scan_id"][i]),
        int(batch["depth"][i]),
        str(batch["url"][i]),
        str(batch["warc_file"][i]),
        int(batch["offset"][i]),
        int(batch["length"][i]),
        str(batch["capture_sha256"][i]),
    )


def _columns(batch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Parquet columns of a block of results."""
    import json

    rows = [_row(pickle.loads(data)) for data in batch["result"]]  # noqa: S301 - made by our own actors
    names = ("url", "state", "reason", "detail", "title", "text", "text_sha256", "sentences")
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    return columns | {"claims": [json.dumps(row["claims"], ensure_ascii=False) for row in rows]}


def _row(checked: CheckedPage) -> dict[str, Any]:
    page = checked.outcome
    if isinstance(page, Unreadable):
        empty = {"title": "", "text": "", "text_sha256": "", "sentences": 0, "claims": []}
        return {"url": checked.task.url, "state": "failed", "reason": page.reason, "detail": page.detail, **empty}
    claims = [claim_values(verdict) | {"places": []} for verdict in checked.verdicts]
    for said in page.said:
        places = claims[said.claim]["places"]
        places.append({"start": said.start, "end": said.end, "block": said.block, "visible": said.visible})
    return {
        "url": checked.task.url,
        "state": "checked",
        "reason": "",
        "detail": "",
        "title": page.title,
        "text": page.text,
        "text_sha256": page.text_sha256,
        "sentences": page.sentences,
        "claims": claims,
    }
