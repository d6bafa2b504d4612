"""What a scan is given: sites to crawl, single pages, a folder of saved pages, or WARC files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimcheck.errors import UsageError

__all__ = ["ScanInputs", "SiteInput", "read_inputs"]

_MAX_FILE = 50_000_000


@dataclass(frozen=True, slots=True)
class SiteInput:
    """A site to read: its name, where reading begins, and the region that the audit table groups it under."""

    host: str
    urls: tuple[str, ...]
    region: str = ""


@dataclass(frozen=True, slots=True)
class ScanInputs:
    """The inputs of a scan; ``kind`` is sites, urls, folder or warc, and only its own field is filled."""

    kind: str
    sites: tuple[SiteInput, ...] = ()
    folder: Path | None = None
    warcs: tuple[Path, ...] = ()

    @property
    def follows(self) -> bool:
        """Whether links are followed from the pages named."""
        return self.kind == "sites"

    @property
    def is_crawl(self) -> bool:
        """Whether pages are fetched, rather than read from files."""
        return self.kind in {"sites", "urls"}

    def names(self) -> list[str]:
        """Return what was given, in a fixed order, to know the same call again."""
        if self.folder is not None:
            return [str(self.folder.resolve())]
        if self.warcs:
            return [str(path.resolve()) for path in self.warcs]
        return [f"{site.region}\t{url}" for site in self.sites for url in site.urls]


def read_inputs(
    sites: Sequence[str], *, sites_file: Path | None, urls_file: Path | None, folder: Path | None, warcs: Sequence[Path]
) -> ScanInputs:
    """Return the inputs of a scan, before anything is fetched.

    :raises UsageError: when there is nothing to scan, two kinds are mixed, or a line of a file is no address.
    """
    given = [bool(sites or sites_file), bool(urls_file), bool(folder), bool(warcs)]
    if not any(given):
        raise UsageError("found nothing to scan; name a site, or give --sites, --urls, --folder or --warc")
    if sum(given) > 1:
        raise UsageError("found several kinds of input; sites, --urls, --folder and --warc are scanned one at a time")
    if folder:
        if not folder.is_dir():
            raise UsageError(f"{folder}: is no folder; expected one of saved pages (.html .txt .md .pdf)")
        return ScanInputs("folder", folder=folder)
    if warcs:
        missing = [path for path in warcs if not path.is_file()]
        if missing:
            raise UsageError(f"{missing[0]}: is no file; expected a WARC file")
        return ScanInputs("warc", warcs=tuple(warcs))
    if urls_file:
        return ScanInputs("urls", sites=_by_site(_lines(urls_file)))
    named = [_Line(spec, "", f"the site {spec!r}") for spec in sites]
    return ScanInputs("sites", sites=_by_site([*named, *(_lines(sites_file) if sites_file else ())], one_each=True))


@dataclass(frozen=True, slots=True)
class _Line:
    address: str
    region: str
    place: str


def _lines(path: Path) -> Iterator[_Line]:
    """Yield the lines of a file: an address, and a region after a tab; # begins a comment line."""
    try:
        if path.stat().st_size > _MAX_FILE:
            raise UsageError(f"{path}: more than {_MAX_FILE:,} bytes; split the list")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{path}: cannot be read ({reason}); expected a file of one address a line") from error
    for number, line in enumerate(text.split("\n"), 1):
        address, _, region = line.strip().partition("\t")
        if address and not address.startswith("#"):
            yield _Line(address.strip(), " ".join(region.split()), f"{path}, line {number}")


def _by_site(lines: Iterable[_Line], *, one_each: bool = False) -> tuple[SiteInput, ...]:
    """Return the sites of addresses in the order they come; an address named twice counts once."""
    from claimcheck.scan.crawl import site_of

    found: dict[str, SiteInput] = {}
    for line in lines:
        try:
            site = site_of(line.address)
        except UsageError as error:
            raise UsageError(f"{line.place}: {error}") from error
        known = found.get(site.host)
        if known is None:
            found[site.host] = SiteInput(site.host, (site.start_url,), line.region)
            continue
        urls = known.urls if one_each else tuple(dict.fromkeys((*known.urls, site.start_url)))
        found[site.host] = SiteInput(site.host, urls, known.region or line.region)
    if not found:
        raise UsageError("the list holds no address; expected one a line")
    return tuple(found.values())
