"""``claimcheck scan``: sites in, a store of findings out."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimcheck.errors import SourceError
from claimcheck.report.shown import one_line
from claimcheck.settings import MODELS, SETTINGS_HELP, Settings, settings_from_environment

if TYPE_CHECKING:
    from claimcheck.scan.crawl import CrawlOptions
    from claimcheck.scan.engine import Outcome, ScanPlan
    from claimcheck.scan.progress import ScanProgress
    from claimcheck.scan.runlog import RunLog
    from claimcheck.store.open import Store

__all__ = ["ScanOptions", "scan"]

INTERRUPTED = 130
_PATH = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """The options of ``claimcheck scan`` as given; None where the environment or the default decides."""

    sites_file: Path | None
    urls_file: Path | None
    folder: Path | None
    warcs: tuple[Path, ...]
    store_url: str
    archive: Path | None
    pages: int
    depth: int
    delay: float
    render: bool
    allow_private: bool
    engine: str
    pack: str | None
    model: str | None
    threads: int | None
    is_new: bool
    quiet: bool
    log: Path | None

    def settings(self) -> Settings:
        """Return the settings: these options over the environment over the defaults.

        :raises UsageError: when a value is out of range.
        """
        return settings_from_environment(pack=self.pack, model=self.model, threads=self.threads)

    def crawl_options(self, *, follow: bool) -> "CrawlOptions":
        """Return what the crawl is told."""
        from claimcheck.scan.crawl import CrawlOptions

        return CrawlOptions(
            pages=self.pages,
            depth=self.depth,
            delay=self.delay,
            render=self.render,
            follow=follow,
            allow_private=self.allow_private,
        )


@click.command(short_help="Crawl clinics' sites, keep what they said and check it.")
@click.argument("sites", nargs=-1, metavar="[SITE]...")
@click.option("--sites", "sites_file", type=_PATH, metavar="FILE", help="Sites, one a line; after a tab, a region.")
@click.option("--urls", "urls_file", type=_PATH, metavar="FILE", help="Just these pages, one address a line; no crawl.")
@click.option("--folder", type=_PATH, metavar="DIR", help="Saved pages (.html .txt .md .pdf) of one site.")
@click.option("--warc", "warcs", type=_PATH, metavar="FILE", multiple=True, help="A WARC file; may be given again.")
@click.option("--store", "store_url", required=True, metavar="URL", help="A SQLite file's path, or postgresql://…")
@click.option(
    "--archive", type=_PATH, metavar="DIR", help="Folder of captures. Default: STORE.archive beside the store."
)
@click.option("--pages", type=click.IntRange(1), default=500, show_default=True, help="Pages fetched a site, at most.")
@click.option("--depth", type=click.IntRange(0), default=10, show_default=True, help="Links from the start, at most.")
@click.option(
    "--delay", type=click.FloatRange(0), default=1.0, show_default=True, help="Seconds between requests to a site."
)
@click.option("--render", is_flag=True, help="Load pages in Chromium, scripts run, and keep a screenshot of each.")
@click.option("--allow-private", is_flag=True, help="Also read private, loopback and link-local addresses.")
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="ray: on a cluster."
)
@click.option("--pack", metavar="NAME", help=f"The {SETTINGS_HELP['pack']}.")
@click.option(
    "--model", type=click.Choice(MODELS), help="cascade (default): the large reader where the small is unsure."
)
@click.option("--threads", type=click.IntRange(min=0), help="Cores used to check; 0 (default) takes every one.")
@click.option(
    "--resume/--new",
    "is_resumed",
    default=True,
    help="Go on with an unfinished scan of the same call (default), or not.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--log", type=_PATH, metavar="FILE", help="Log of pages not checked. Default: in the archive's folder.")
@click.pass_context
def scan(ctx: click.Context, /, sites: tuple[str, ...], is_resumed: bool, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Crawl each SITE (a host or an address), keep every page in the archive and check what it claims.

    \b
    claimcheck scan clinic.example other.example --store clinics.db
    claimcheck scan --sites sites.txt --store postgresql://localhost/clinics

    Everything that was found goes to the store: pages with what became of each, claims judged once however many pages
    make them, findings with their place. A scan that was stopped, in whatever way, goes on when the same command is
    given again. robots.txt is obeyed.

    Exit status: 0 done; 2 wrong usage; 3 no page of any site could be read; 4 a damaged model, corpus or archive;
    130 stopped with Ctrl-C.
    """  # noqa: D301 - \b is click's mark for lines that are not to be joined
    status = _scan(sites, ScanOptions(is_new=not is_resumed, **options))
    if status:
        ctx.exit(status)


def _scan(sites: tuple[str, ...], chosen: ScanOptions) -> int:
    from claimcheck.store import open_store

    settings = chosen.settings()
    if chosen.engine == "ray":
        from claimcheck.scan.ray_engine import require_ray

        require_ray()
    inputs = _inputs(sites, chosen)
    store = open_store(chosen.store_url, archive=chosen.archive)
    try:
        plan = _plan(chosen, settings, inputs, store)
        return _run(chosen, plan)
    finally:
        store.close()


def _inputs(sites: tuple[str, ...], chosen: ScanOptions) -> Any:  # noqa: ANN401 - one of the intake's kinds, imported late
    from claimcheck.scan.inputs import read_inputs

    return read_inputs(
        sites,
        sites_file=chosen.sites_file,
        urls_file=chosen.urls_file,
        folder=chosen.folder,
        warcs=chosen.warcs,
    )


def _plan(chosen: ScanOptions, settings: Settings, inputs: Any, store: "Store") -> "ScanPlan":  # noqa: ANN401 - the same
    from dataclasses import replace

    from claimcheck.scan.engine import ScanPlan
    from claimcheck.scan.runs import open_run
    from claimcheck.scan.work import CheckerLoader

    named = {"settings_sha256": settings.digest(), "pack": settings.pack, "model": settings.model}
    if inputs.is_crawl:
        bounds = ("pages", "depth", "delay", "render", "allow_private")
        named |= {name: getattr(chosen, name) for name in bounds}
    run = open_run(store, inputs, named, is_new=chosen.is_new)
    if run.is_resumed:
        _say(f"going on with run {run.id}, which was not finished (--new begins another)", chosen)
    return ScanPlan(
        store=store,
        store_url=chosen.store_url,
        run_id=run.id,
        inputs=inputs,
        crawl=chosen.crawl_options(follow=inputs.follows),
        load=CheckerLoader(replace(settings, threads=1), store.archive),
        workers=settings.threads or _cores(),
        engine=chosen.engine,
    )


def _run(chosen: ScanOptions, plan: "ScanPlan") -> int:
    from claimcheck.scan.engine import run_scan
    from claimcheck.scan.progress import ScanProgress
    from claimcheck.scan.runlog import RunLog
    from claimcheck.scan.runs import run_lock

    log = RunLog(chosen.log or plan.store.archive / "logs" / f"run-{plan.run_id:06d}.log")
    progress = ScanProgress(plan.store, plan.run_id, stream=sys.stderr, is_quiet=chosen.quiet, on_failure=log.failed)
    with run_lock(plan.store.archive, plan.run_id), _stopped_by_signals(progress), progress:
        outcome = run_scan(plan, progress)
    for trouble in outcome.troubles:
        log.note("trouble", trouble)
    if progress.stopping:
        click.echo("claimcheck: stopped; what was finished is kept. To go on, give the same command again.", err=True)
        return INTERRUPTED
    return _conclude(plan, outcome, log)


def _conclude(plan: "ScanPlan", outcome: "Outcome", log: "RunLog") -> int:
    from claimcheck.commands.scan_summary import print_summary

    not_checked = log.end(plan.store, plan.run_id)
    has_read = print_summary(plan.store, plan.run_id)
    if not_checked:
        pages = "1 page was" if not_checked == 1 else f"{not_checked:,} pages were"
        click.echo(f"claimcheck: {pages} not checked; each with its reason in {one_line(str(log.path))}", err=True)
    _say_head(plan)
    for trouble in outcome.troubles[:5]:
        click.echo(f"claimcheck: {one_line(trouble)}", err=True)
    if not outcome.is_finished:
        click.echo("claimcheck: some sites are not finished; give the same command again to go on.", err=True)
    if not has_read:
        click.echo("claimcheck: no page of any site could be read; the reasons are above and in the log", err=True)
        return SourceError.exit_status
    return 0


def _say_head(plan: "ScanPlan") -> None:
    from claimcheck.store.models import RunRow

    with plan.store.session() as session:
        run = session.get(RunRow, plan.run_id)
        if run is not None and run.manifest_head:
            click.echo(
                f"claimcheck: the archive's manifest has {run.manifest_lines:,} lines and ends in {run.manifest_head}; "
                "kept elsewhere, it shows (claimcheck verify --head) that nothing was taken away since",
                err=True,
            )


@contextmanager
def _stopped_by_signals(progress: "ScanProgress") -> Iterator[None]:
    """Turn the first Ctrl-C (or a service manager's SIGTERM) into a clean stop; a second one ends at once."""

    def stop(number: int, _frame: object) -> None:
        if progress.stopping:
            raise KeyboardInterrupt
        progress.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(words: str, chosen: ScanOptions) -> None:
    if not chosen.quiet:
        click.echo(f"claimcheck: {words}", err=True)


def _cores() -> int:
    import os

    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
