"""What made a report, in words: the versions and digests that let someone else make it again."""

from collections.abc import Mapping

from claimcheck.report.shown import one_line

__all__ = ["tool_version", "version_rows", "version_words"]

DIGEST_SHOWN = 12


def tool_version(versions: Mapping[str, object]) -> str:
    """Return the version of claimcheck that made a report."""
    return one_line(str(versions.get("claimcheck", "")))


def version_words(versions: Mapping[str, object]) -> str:
    """Return the versions on one line, digests shortened."""
    return " · ".join(f"{name} {_short(value)}" for name, value in version_rows(versions) if value)


def version_rows(versions: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return (name, value) of each version, nested names joined: "corpus sha256"; lists joined by commas."""
    rows: list[tuple[str, str]] = []
    for key, value in versions.items():
        name = one_line(str(key)).replace("_", " ")
        if isinstance(value, Mapping):
            rows += [(f"{name} {inner}", text) for inner, text in version_rows(value)]
        elif isinstance(value, (list, tuple)):
            rows.append((name, ", ".join(one_line(str(item)) for item in value)))
        else:
            rows.append((name, one_line(str(value))))
    return rows


def _short(value: str) -> str:
    is_digest = len(value) == 64 and not set(value) - set("0123456789abcdef")
    return value[:DIGEST_SHOWN] if is_digest else value
