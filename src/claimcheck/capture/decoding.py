"""Undoing the content encoding of a body, in pieces and within bounds."""

from claimcheck.capture.records import Exchange
from claimcheck.errors import TooLargeError, UnreadableError
from claimcheck.page.gunzip import Inflater

__all__ = ["MAX_BODY", "decode", "decoded_body"]

MAX_BODY = 20_000_000


def decoded_body(exchange: Exchange, *, max_bytes: int = MAX_BODY) -> bytes:
    """Return the body of an exchange as a reader sees it.

    :raises TooLargeError: when it would be larger than ``max_bytes``.
    :raises UnreadableError: when it is damaged or in an encoding that was not asked for.
    """
    return decode(exchange.body, exchange.header("content-encoding"), source=exchange.url, max_bytes=max_bytes)


def decode(body: bytes, coding: str, *, source: str, max_bytes: int = MAX_BODY) -> bytes:
    """Return a body after its content encoding was undone.

    :raises TooLargeError: when it would be larger than ``max_bytes``.
    :raises UnreadableError: when it is damaged or in an encoding that was not asked for.
    """
    coding = coding.strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise UnreadableError(source, f"the content encoding is {coding[:40]!r}; only gzip and deflate were offered")
    inflater = Inflater(source, compressed=coding not in {"", "identity"})
    pieces, size = [], 0
    for piece in inflater.feed(body):
        size += len(piece)
        if size > max_bytes:
            raise TooLargeError(source, f"more than {max_bytes:,} bytes of page; the limit was reached")
        pieces.append(piece)
    if not inflater.complete:
        raise UnreadableError(source, "the compressed page broke off or is damaged; try again")
    return b"".join(pieces)
