"""The case file's folder, or the same as one zip: written whole or not at all, with a manifest for ``sha256sum -c``."""

import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.review.acts import append
from claimcheck.review.casefile.captures import CaptureFile, capture_files, find_captures
from claimcheck.review.casefile.document import to_html
from claimcheck.review.casefile.gather import CASE_ACT, CaseOptions, gather_case
from claimcheck.review.casefile.jsonld import to_jsonld
from claimcheck.review.casefile.pdf import to_pdf
from claimcheck.review.casefile.readme import to_readme
from claimcheck.review.casefile.records import CaseFile
from claimcheck.review.casefile.tables import to_csv, to_jsonl, to_trail
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.projection import sync
from claimcheck.review.trail import verify_trail
from claimcheck.store import Store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["MANIFEST", "WrittenCase", "case_name", "write_case", "write_case_zip"]

MANIFEST = "manifest.sha256"
_UNSAFE = re.compile(r"[^a-z0-9.-]+")
_NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """What was written, and the digest of its manifest, which stands for every file at once.

    ``left_out`` counts findings that are flagged and not decided, ``uncaptured`` the pages without a capture.
    """

    path: Path
    findings: int
    left_out: int
    pages: int
    uncaptured: int
    manifest_sha256: str


def case_name(host: str) -> str:
    """Return a name for a site's case file that is safe on every file system and in a header."""
    safe = _UNSAFE.sub("-", host.lower()).strip(".-")[:_NAME_LIMIT].strip(".-")
    return f"case-{safe or 'site'}"


def write_case(
    store: Store, host: str, folder: Path, options: CaseOptions | None = None, *, by: Account | None = None
) -> WrittenCase:
    """Return the case file of a site, written to a folder that must be new or empty; the trail notes its digest.

    ``by`` is who asks; None on the command line.

    :raises UsageError: when there is nothing to write (``gather_case``), or the folder is not empty or not writable.
    :raises DamagedDataError: when a capture or a row is not what was recorded.
    :raises NotAllowedError: when ``by`` may not read the review.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: found something there already, expected a new or empty folder; name another")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}.", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise UsageError(f"{folder}: the folder cannot be made ({error.strerror}); check the path") from error
    try:
        made = _fill(store, host, part, options or CaseOptions(), by)
        # mkdtemp keeps others out; a case file is to be handed on.
        part.chmod(0o755)
        part.replace(folder)
    except OSError as error:
        raise UsageError(f"{folder}: the case file cannot be written ({error.strerror}); check the folder") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return replace(made, path=folder)


def write_case_zip(
    store: Store, host: str, path: Path, options: CaseOptions | None = None, *, by: Account | None = None
) -> WrittenCase:
    """Return the case file of a site as one zip, which unpacks to one folder.

    :raises UsageError, DamagedDataError, NotAllowedError: as ``write_case``.
    """
    with tempfile.TemporaryDirectory(prefix="claimcheck-case-") as scratch:
        made = write_case(store, host, Path(scratch) / case_name(host), options, by=by)
        try:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in _files(made.path):
                    # A fixed time, so that the same case gives the same zip.
                    info = zipfile.ZipInfo(f"{made.path.name}/{file}", (1980, 1, 1, 0, 0, 0))
                    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                    archive.writestr(info, (made.path / file).read_bytes())
        except OSError as error:
            raise UsageError(f"{path}: the case file cannot be written ({error.strerror}); check the path") from error
    return replace(made, path=path)


def _fill(store: Store, host: str, folder: Path, options: CaseOptions, by: Account | None) -> WrittenCase:
    if by is not None:
        require(by, Act.READ)
    with store.session() as session:
        sync(session)
    problems = verify_trail(store)
    if problems:
        raise DamagedDataError(f"the trail of decisions is not whole ({problems[0]}); run `claimcheck verify`")
    with _snapshot(store) as session:
        case = gather_case(session, host, options)
        captures = find_captures(session, store.archive, case.pages)
    case = replace(case, pages=captures.pages)
    for file in capture_files(store.archive, captures):
        _write(folder, file)
    for file in _documents(case, pdf=options.pdf):
        _write(folder, file)
    digest = _seal(folder)
    detail = {"scan": case.scan.id, "findings": len(case.findings), "manifest_sha256": digest}
    with store.session() as session:
        append(session, by, CASE_ACT, f"site:{case.host}"[:80], detail)
    uncaptured = sum(not page.capture for page in case.pages)
    return WrittenCase(folder, len(case.findings), case.left_out.open_flags, len(case.pages), uncaptured, digest)


@contextmanager
def _snapshot(store: Store) -> "Iterator[Session]":
    """Yield a session that sees the store as it is now, whatever reviewers decide meanwhile."""
    with store.session() as session:
        if store.engine.dialect.name == "sqlite":
            session.connection().exec_driver_sql("BEGIN")
        else:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def _documents(case: CaseFile, *, pdf: bool) -> Iterator[CaptureFile]:
    html = to_html(case)
    yield _text("case.html", html)
    if pdf:
        yield CaptureFile("case.pdf", to_pdf(html, case.made_at))
    yield _text("findings.csv", to_csv(case))
    yield _text("findings.jsonl", to_jsonl(case))
    yield _text("claimreview.jsonld", to_jsonld(case))
    yield _text("trail.jsonl", to_trail(case))
    yield _text("README.txt", to_readme(case, has_pdf=pdf))


def _text(name: str, text: str) -> CaptureFile:
    # A page may hold half of a surrogate pair, which UTF-8 does not have.
    return CaptureFile(name, text.encode("utf-8", "replace"))


def _write(folder: Path, file: CaptureFile) -> None:
    path = folder / file.name
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as stream:
        stream.write(file.data)
        stream.flush()
        os.fsync(stream.fileno())


def _seal(folder: Path) -> str:
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in _files(folder)]
    data = "".join(lines).encode()
    _write(folder, CaptureFile(MANIFEST, data))
    return hashlib.sha256(data).hexdigest()


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
