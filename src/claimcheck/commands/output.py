"""Where results go: a format chosen, text made, and files written whole or not at all."""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from claimcheck.errors import UsageError
from claimcheck.report import (
    Failure,
    Outcome,
    print_terminal,
    to_claimreview,
    to_csv,
    to_html,
    to_html_index,
    to_json,
    to_jsonl,
    to_markdown,
)

__all__ = ["FORMATS", "Plan", "plan_output", "write_bytes", "write_whole", "written_whole"]

FORMATS = ("terminal", "json", "jsonl", "csv", "html", "markdown", "claimreview")
_SUFFIXES = {
    ".html": "html", ".htm": "html", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv",
    ".md": "markdown", ".markdown": "markdown", ".txt": "terminal",
}  # fmt: skip
_MAKERS: dict[str, Callable[[Sequence[Outcome]], str]] = {
    "json": to_json,
    "jsonl": to_jsonl,
    "csv": to_csv,
    "markdown": to_markdown,
    "claimreview": to_claimreview,
}
# Columns of a text report in a file, where no terminal gives a width.
FILE_WIDTH = 100
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written and where: ``path`` is None for standard output, a folder when ``is_folder``."""

    format: str
    path: Path | None
    is_folder: bool
    everything: bool

    @property
    def streams(self) -> bool:
        """Whether each source is written as soon as it is done."""
        return self.path is None and self.format in {"terminal", "jsonl"}

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Write the results of all sources, or of one where the plan streams.

        :raises UsageError: when the file or folder cannot be written.
        """
        if self.is_folder:
            self._write_folder(outcomes)
        elif self.path is not None:
            write_whole(self.path, _encoded(self._text(outcomes)))
        elif self.format == "terminal":
            write_bytes(_for_terminal(outcomes, everything=self.everything))
        else:
            write_bytes(_encoded(self._text(outcomes)))

    def _text(self, outcomes: Sequence[Outcome]) -> str:
        if self.format == "terminal":
            return _plain(outcomes, everything=self.everything)
        if self.format == "html":
            return "".join(to_html(outcome) for outcome in outcomes if not isinstance(outcome, Failure))
        return _MAKERS[self.format](outcomes)

    def _write_folder(self, outcomes: Sequence[Outcome]) -> None:
        if self.path is None:
            raise ValueError("a folder of reports needs a path")
        with _translated(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        entries: list[tuple[str, Outcome]] = []
        for number, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, Failure):
                entries.append(("", outcome))
                continue
            name = f"{number:03d}-{_slug(outcome.page.source.uri)}.html"
            write_whole(self.path / name, _encoded(to_html(outcome)))
            entries.append((name, outcome))
        # Last, so that an index never names a file that is not there.
        write_whole(self.path / "index.html", _encoded(to_html_index(entries)))


def plan_output(format_name: str | None, output: str | None, *, several: bool, everything: bool) -> Plan:
    """Return where and in which format to write, before anything is read.

    :raises UsageError: when the format is not clear, or the file cannot be what was asked for.
    """
    path = None if output in {None, "-"} else Path(str(output))
    if path is None:
        name = format_name or "terminal"
        if name == "html" and several:
            raise UsageError("HTML is one document a page; give --output FOLDER for several sources")
        return Plan(name, None, False, everything)
    name = format_name or _SUFFIXES.get(path.suffix.lower(), "")
    if not name and path.is_dir():
        raise UsageError(f"{path}: is a folder; expected the name of a file, or --format html for several sources")
    if not name:
        known = " ".join(sorted(_SUFFIXES))
        raise UsageError(f"{path}: its suffix names no format; expected one of {known}, or give --format")
    is_folder = name == "html" and several
    if is_folder and path.exists() and not path.is_dir():
        raise UsageError(f"{path}: is a file; several sources in HTML need --output FOLDER")
    if is_folder and not path.exists() and path.suffix.lower() in {".html", ".htm"}:
        raise UsageError(f"{path}: names one file; several sources in HTML need --output FOLDER")
    if not is_folder and path.is_dir():
        raise UsageError(f"{path}: is a folder; expected the name of a file to write")
    if not is_folder and not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: its folder is not there; create it first")
    return Plan(name, path, is_folder, everything)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: beside it first, then put in its place.

    :raises UsageError: when it cannot be written.
    """
    with written_whole(path) as part:
        part.write_bytes(data)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a file to write that takes the place of ``path`` at the end, and is gone after an exception.

    :raises UsageError: when it cannot be written.
    """
    with _translated(path):
        if path.exists() and not path.is_file():
            # A device or a pipe (/dev/stdout, >(…)) cannot be replaced, and has no half-written state to leave behind.
            yield path
            return
        target = path.resolve()
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent)
        os.close(handle)
        part = Path(name)
        try:
            yield part
            with part.open("rb") as stream:
                os.fsync(stream.fileno())
            part.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def write_bytes(data: bytes) -> None:
    """Write to standard output at once; a closed pipe is the caller's to handle."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror or error}); choose another --output") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _encoded(text: str) -> bytes:
    # A file name may hold bytes that are no UTF-8: "\udcff" is how Python keeps them, and how JSON may write them.
    return text.encode("utf-8", "backslashreplace")


def _slug(uri: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", uri.lower().removeprefix("https://").removeprefix("http://")).strip("-")
    return name[:_NAME_LENGTH].strip("-") or "source"


def _for_terminal(outcomes: Sequence[Outcome], *, everything: bool) -> bytes:
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False)
    # Captured, since rich ends the program by itself when a pipe is closed.
    with console.capture() as captured:
        for outcome in outcomes:
            print_terminal(outcome, console, everything=everything)
            console.print()
    return captured.get().encode(sys.stdout.encoding or "utf-8", "replace")


def _plain(outcomes: Sequence[Outcome], *, everything: bool) -> str:
    import io

    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, width=FILE_WIDTH, force_terminal=False, color_system=None, highlight=False)
    for number, outcome in enumerate(outcomes):
        if number:
            console.print("\n" + "-" * FILE_WIDTH + "\n")
        print_terminal(outcome, console, everything=everything)
    return stream.getvalue()
