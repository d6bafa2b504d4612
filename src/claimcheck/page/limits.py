"""The limits that a source is held to, all in one record."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may cost before it is refused with ``TooLargeError``.

    ``max_bytes`` counts bytes after decompression, for URLs, files and standard input alike. ``timeout`` is a deadline
    in seconds for one whole fetch: name resolution, redirects, headers and body together. ``max_nesting`` is the depth
    of open elements an HTML page may reach; ``max_text`` the characters of text it may hold.
    """

    max_bytes: int = 20_000_000
    max_redirects: int = 5
    timeout: float = 30.0
    max_nesting: int = 5_000
    max_text: int = 4_000_000

    def __post_init__(self) -> None:
        """Refuse limits that could never be met, with ``ValueError``."""
        if self.max_bytes <= 0 or self.max_nesting <= 0 or self.max_text <= 0 or self.timeout <= 0:
            raise ValueError("max_bytes, max_nesting, max_text and timeout must be above 0; raise the limit")
        if self.max_redirects < 0:
            raise ValueError(f"max_redirects is {self.max_redirects}; expected 0 or more")
