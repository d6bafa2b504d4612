"""The exception tree of claimcheck and the exit status each branch maps to.

    ClaimcheckError
    ├── UsageError            exit 2   the call itself is wrong
    ├── SourceError           exit 3   a page, file or URL could not be read
    │   ├── FetchError                 the network or the server said no
    │   ├── BlockedAddressError        a private, loopback or otherwise refused address
    │   ├── TooLargeError              a size, time or redirect limit was passed
    │   ├── UnreadableError            bytes that are not a page (binary, PDF without text, broken archive)
    │   ├── EmptyPageError             nothing to read in it
    │   └── UnsupportedLanguageError   not English
    └── DamagedDataError      exit 4   a model or corpus file is missing, altered or malformed

A message is one line: what was found, what was expected, what to do. Third-party exceptions are translated where they
enter, so nothing else leaves the public functions.
"""

__all__ = [
    "BlockedAddressError",
    "ClaimcheckError",
    "DamagedDataError",
    "EmptyPageError",
    "FetchError",
    "SourceError",
    "TooLargeError",
    "UnreadableError",
    "UnsupportedLanguageError",
    "UsageError",
]


class ClaimcheckError(Exception):
    """Base of everything claimcheck raises on purpose."""

    exit_status = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class UsageError(ClaimcheckError):
    """The call itself is wrong: an unknown pack, a bad option value."""

    exit_status = 2


class SourceError(ClaimcheckError):
    """A source could not be read; ``source`` names it and ``reason`` is a stable kebab-case code for counting."""

    exit_status = 3
    reason = "unreadable-source"

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source


class FetchError(SourceError):
    """The server or the network did not deliver the page."""

    reason = "fetch-failed"


class BlockedAddressError(SourceError):
    """The address is private, loopback, link-local, or not http(s)."""

    reason = "blocked-address"


class TooLargeError(SourceError):
    """A limit on size, time, redirects or nesting was passed."""

    reason = "too-large"


class UnreadableError(SourceError):
    """The bytes are not a page claimcheck can read."""

    reason = "unreadable"


class EmptyPageError(SourceError):
    """There is no text in the source."""

    reason = "empty"


class UnsupportedLanguageError(SourceError):
    """The text is not English; the models and the corpus know no other language."""

    reason = "unsupported-language"


class DamagedDataError(ClaimcheckError):
    """A model or corpus file is missing, altered or malformed."""

    exit_status = 4
