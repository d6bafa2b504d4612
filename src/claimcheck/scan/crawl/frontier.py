"""The pages of one site's scan in the store: which are next, what became of them, and where the crawl goes from there.

A site is read level by level: all pages so many links from the start, then those one link further. What is fetched,
how deep a page is, which of two equal pages is the duplicate and where the page limit falls are therefore the same
whatever order answers come in, and after a kill at any moment: everything that decides is in the store.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import and_, case, delete, func, or_, select, update

from claimcheck.scan.crawl.options import MAX_REDIRECTS, CrawlOptions
from claimcheck.scan.crawl.outcomes import Outcome, PageTask
from claimcheck.scan.crawl.redirects import resolve_redirects, shortest_hops
from claimcheck.scan.crawl.urls import is_own, looks_unreadable, origin_of, shape_of
from claimcheck.store.models import PageRow, ScanRow, utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from claimcheck.store import Store

__all__ = ["Frontier", "insert_pages"]

_BATCH = 500
_FAILED_HOSTS = frozenset({"bad-certificate", "connection-failed", "dns-failed", "tls-failed"})
_DETAILS = {
    "bad-certificate": "the server's certificate is not valid",
    "blocked-address": "the host is at no public address; --allow-private reads pages of your own network",
    "connection-failed": "no connection to the server",
    "dns-failed": "the host was not found",
    "tls-failed": "no secure connection to the server",
    "duplicate-body": "it is byte for byte the same as another page",
    "not-a-page": "by its name it is a picture, film, archive or the like",
    "off-site": "it is on another site",
    "page-limit": "the limit of pages a site was reached before it",
    "depth-limit": "it is further from the start page than the limit allows",
    "trap": "there are too many addresses like it, as in a calendar or an endless list",
    "robots-disallowed": "the site's robots.txt asks crawlers to leave it out",
    "robots-unreachable": "the site's robots.txt could not be read, so that it may forbid this page",
    "too-many-redirects": f"more than {MAX_REDIRECTS} redirects lead here and none of its pages",
    "site-unreachable": "the site stopped answering before this page's turn",
}


class Frontier:
    """The crawl of one site as the store has it; each method is one transaction."""

    def __init__(self, store: "Store", scan_id: int, options: CrawlOptions) -> None:
        self._store = store
        self._scan_id = scan_id
        self._options = options
        with store.session() as session:
            scan = session.get_one(ScanRow, scan_id)
            self.host = scan.site.host
            self.is_finished = scan.crawled_at is not None
            self.has_sitemaps = "sitemaps" in scan.crawl

    def next_tasks(self, limit: int, leave_out: Collection[int]) -> list[PageTask]:
        """Return pages to fetch now; those of this level that are in flight are left out."""
        query = (
            select(PageRow.id, PageRow.url, PageRow.depth, PageRow.hops)
            .where(self._of("queued"), PageRow.admitted)
            .order_by(PageRow.depth, PageRow.url)
            .limit(limit + len(leave_out))
        )
        with self._store.session() as session:
            rows = session.execute(query).all()
        return [PageTask(*row) for row in rows if row.id not in leave_out][:limit]

    def record(self, task: PageTask, outcome: Outcome, links: Sequence[str] = ()) -> None:
        """Move a page on, and queue what it leads to."""
        values: dict[str, Any] = {
            "state": outcome.state,
            "reason": outcome.reason,
            "detail": _storable(outcome.detail or _DETAILS.get(outcome.reason, "")),
            "attempts": outcome.attempts,
            "http_status": outcome.http_status,
            "content_type": _storable(outcome.content_type[:200]),
            "fetched_at": outcome.fetched_at,
            "final_url": outcome.target or (task.url if outcome.state == "captured" else ""),
            "rendered": outcome.is_rendered,
        }
        if outcome.capture:
            capture = outcome.capture
            values |= {"warc_file": capture.warc_file, "warc_offset": capture.offset, "warc_length": capture.length}
            values |= {"capture_sha256": capture.capture_sha256, "sha256": capture.body_sha256}
        if outcome.screenshot:
            values |= {"screenshot": outcome.screenshot.path, "screenshot_sha256": outcome.screenshot.sha256}
        with self._store.session() as session:
            session.execute(update(PageRow).where(PageRow.id == task.id).values(**values))
            if outcome.target:
                self._add(session, [outcome.target], depth=task.depth, hops=task.hops + 1)
            if links:
                self._add(session, [link for link in links if is_own(link, self.host)], depth=task.depth + 1, hops=0)

    def refuse(self, task: PageTask, reason: str) -> None:
        """End a page before it is fetched."""
        self.record(task, Outcome(_state_of(reason), reason))

    def add_sitemaps(self, read: Sequence[str], pages: Iterable[str]) -> None:
        """Queue the pages of sitemaps, as though the start page linked to them, and note which sitemaps were read."""
        own = [url for url in dict.fromkeys(pages) if is_own(url, self.host)]
        with self._store.session() as session:
            self._add(session, own[: self._options.known], depth=1, hops=0)
            self._note(session, sitemaps=list(read))
        self.has_sitemaps = True

    def give_up(self) -> None:
        """End every page that is still to be fetched: the site does not answer any more."""
        with self._store.session() as session:
            values = _ended("failed", "site-unreachable")
            session.execute(update(PageRow).where(self._of("queued")).values(**values))

    def next_origins(self) -> set[str]:
        """Return the origins whose robots.txt speaks for the pages of the next level."""
        with self._store.session() as session:
            depth = self._next_depth(session)
            query = select(PageRow.url).where(self._waiting(), PageRow.depth == depth)
            return {origin_of(url) for url in session.scalars(query)} if depth is not None else set()

    def end_level(self, verdict: "Callable[[str], str]") -> bool:
        """Settle the pages of the level that is done and admit those of the next; return whether there may be more.

        ``verdict`` says for an address why robots.txt refuses it, or ''.
        """
        with self._store.session() as session:
            if shortest_hops(session, self._scan_id):
                return True
            self._settle(session)
            goes_on = self._options.follow and self._admit(session, verdict)
            self._trim(session)
            return goes_on

    def finish(self, robots: dict[str, str]) -> None:
        """Give every page that is left its end, and mark the site as crawled."""
        with self._store.session() as session:
            resolve_redirects(session, self._scan_id)
            too_far = PageRow.hops > MAX_REDIRECTS
            for reason, state, which in (
                ("too-many-redirects", "failed", too_far),
                ("depth-limit", "refused", and_(~too_far, PageRow.depth > self._options.depth)),
                ("page-limit", "refused", and_(~too_far, PageRow.depth <= self._options.depth)),
            ):
                session.execute(update(PageRow).where(self._of("queued"), which).values(**_ended(state, reason)))
            self._note(session, robots=robots)
            session.get_one(ScanRow, self._scan_id).crawled_at = utc_now()
        self.is_finished = True

    def _of(self, state: str) -> Any:  # noqa: ANN401 - an SQL expression
        return and_(PageRow.scan_id == self._scan_id, PageRow.state == state)

    def _waiting(self) -> Any:  # noqa: ANN401 - an SQL expression
        return and_(self._of("queued"), ~PageRow.admitted, PageRow.hops <= MAX_REDIRECTS)

    def _next_depth(self, session: "Session") -> int | None:
        depth = session.scalar(select(func.min(PageRow.depth)).where(self._waiting()))
        return depth if depth is not None and depth <= self._options.depth else None

    def _add(self, session: "Session", urls: Sequence[str], *, depth: int, hops: int) -> None:
        insert_pages(session, self._scan_id, urls, depth=depth, hops=hops, is_admitted=0 < hops <= MAX_REDIRECTS)

    def _settle(self, session: "Session") -> None:
        """Decide for the pages of this level whether they are to be checked or repeat the body of another."""
        mine = and_(self._of("captured"), PageRow.http_status.between(200, 299))
        fresh = session.execute(select(PageRow.depth, PageRow.url, PageRow.id, PageRow.sha256).where(mine)).all()
        known: dict[str, int] = {}
        for chunk in _chunks(sorted({row.sha256 for row in fresh})):
            # Whole pages of earlier levels, whatever the checker has made of them since.
            settled = select(PageRow.sha256, PageRow.id).where(
                PageRow.scan_id == self._scan_id,
                PageRow.sha256.in_(chunk),
                PageRow.final_url == PageRow.url,
                PageRow.http_status.between(200, 299),
                PageRow.state != "captured",
                PageRow.reason != "duplicate-body",
            )
            known.update((row.sha256, row.id) for row in session.execute(settled))
        same = []
        for row in sorted(fresh, key=lambda row: (row.depth, row.url)):
            first = known.setdefault(row.sha256, row.id)
            if first != row.id:
                same.append({"id": row.id, "duplicate_of": first, **_ended("duplicate", "duplicate-body")})
        if same:
            session.execute(update(PageRow), same)
        session.execute(update(PageRow).where(mine).values(state="fetched"))

    def _admit(self, session: "Session", verdict: "Callable[[str], str]") -> bool:
        """Admit pages of the next level, until the limit; return whether there is anything more to do."""
        depth = self._next_depth(session)
        room = self._options.pages - self._count(session, PageRow.admitted, PageRow.hops == 0)
        if depth is None or room <= 0:
            return False
        shapes = self._shapes(session)
        waiting = session.execute(select(PageRow.id, PageRow.url).where(self._waiting(), PageRow.depth == depth))
        changes: list[dict[str, Any]] = []
        for row in sorted(waiting, key=lambda row: _rank(row.url)):
            shape = shape_of(row.url)
            reason = verdict(row.url) or ("trap" if shape and shapes[shape] >= self._options.same_shape else "")
            if reason:
                changes.append({"id": row.id, "admitted": False, **_ended(_state_of(reason), reason)})
            elif room > 0:
                shapes[shape] += 1
                room -= 1
                changes.append({"id": row.id, "admitted": True})
        session.execute(update(PageRow), changes)
        return True

    def _shapes(self, session: "Session") -> Counter[str]:
        query = select(PageRow.url).where(PageRow.scan_id == self._scan_id, PageRow.admitted)
        return Counter(shape for url in session.scalars(query) if (shape := shape_of(url)))

    def _count(self, session: "Session", *which: Any) -> int:  # noqa: ANN401 - SQL expressions
        query = select(func.count()).select_from(PageRow).where(PageRow.scan_id == self._scan_id, *which)
        return int(session.scalar(query) or 0)

    def _trim(self, session: "Session") -> None:
        """Forget the furthest of the addresses that wait, when a site names more than anyone would want listed."""
        number = self._count(session, PageRow.state == "queued", ~PageRow.admitted)
        if number <= self._options.known:
            return
        query = select(PageRow.id, PageRow.depth, PageRow.url).where(self._of("queued"), ~PageRow.admitted)
        rows = sorted(session.execute(query), key=lambda row: (row.depth, _rank(row.url)))
        dropped = [row.id for row in rows[self._options.known :]]
        for chunk in _chunks(dropped):
            session.execute(delete(PageRow).where(PageRow.id.in_(chunk)))
        scan = session.get_one(ScanRow, self._scan_id)
        self._note(session, links_left_out=scan.crawl.get("links_left_out", 0) + len(dropped))

    def _note(self, session: "Session", **values: object) -> None:
        scan = session.get_one(ScanRow, self._scan_id)
        scan.crawl = {**scan.crawl, **values}


def insert_pages(
    session: "Session", scan_id: int, urls: Sequence[str], *, depth: int, hops: int, is_admitted: bool
) -> None:
    """Queue addresses; the shorter way to one that is known is kept, and names of files that are no pages refused."""
    if not urls:
        return
    rows = [
        {"scan_id": scan_id, "url": url, "depth": depth, "hops": hops, **_first_state(url, is_admitted)} for url in urls
    ]
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # the same interface
    statement = insert(PageRow)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["scan_id", "url"],
        set_={
            "depth": case((new.depth < PageRow.depth, new.depth), else_=PageRow.depth),
            "hops": case((new.hops < PageRow.hops, new.hops), else_=PageRow.hops),
            "admitted": or_(PageRow.admitted, and_(PageRow.state == "queued", new.admitted)),
        },
        where=or_(new.depth < PageRow.depth, new.hops < PageRow.hops, and_(new.admitted, ~PageRow.admitted)),
    )
    for chunk in _chunks(rows):
        session.execute(statement, chunk)


def _first_state(url: str, is_admitted: bool) -> dict[str, Any]:
    if looks_unreadable(url):
        return {"admitted": False, **_ended("refused", "not-a-page")}
    return {"state": "queued", "reason": "", "detail": "", "admitted": is_admitted}


def _storable(text: str) -> str:
    # PostgreSQL stores no NUL.
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _state_of(reason: str) -> str:
    return "failed" if reason in _FAILED_HOSTS else "refused"


def _ended(state: str, reason: str) -> dict[str, Any]:
    return {"state": state, "reason": reason, "detail": _DETAILS[reason]}


def _rank(url: str) -> tuple[bool, int, str]:
    # When not all can be read: plain pages before queries, and those near the top of the site first.
    parts = urlsplit(url)
    return bool(parts.query), parts.path.rstrip("/").count("/"), url


def _chunks(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
