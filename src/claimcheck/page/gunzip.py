"""Decompression in small pieces, so that a bomb is refused after its first megabyte and not after its last."""

import zlib
from collections.abc import Iterator

from claimcheck.errors import UnreadableError

__all__ = ["Inflater"]

_PIECE = 65_536
_EITHER_WRAPPER = zlib.MAX_WBITS | 32
_NO_WRAPPER = -zlib.MAX_WBITS


class Inflater:
    """Turns compressed chunks into pieces of at most 64 kB; passes plain chunks on unchanged."""

    def __init__(self, source: str, *, compressed: bool) -> None:
        self._source = source
        self._compressed = compressed
        self._started = False
        self._head = b""
        self._after = b""
        self._engine = zlib.decompressobj(_EITHER_WRAPPER)

    @property
    def complete(self) -> bool:
        """Whether the data ended where compressed data should; always true for plain data."""
        return not self._compressed or (self._engine.eof if self._started else not self._head)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what a chunk decompresses to; raise UnreadableError when it is damaged."""
        if not self._compressed:
            yield data
            return
        if not self._started:
            data = self._start(data)
        full = False
        while data or full:
            if self._engine.eof:
                # gzip allows several members in a row; anything else after the end is padding.
                data = self._after + data
                self._after = data if len(data) < 2 else b""
                if not data.startswith(b"\x1f\x8b"):
                    return
                self._engine = zlib.decompressobj(_EITHER_WRAPPER)
            try:
                piece = self._engine.decompress(data, _PIECE)
            except zlib.error as error:
                raise UnreadableError(self._source, f"the compressed page is damaged ({error}); try again") from error
            data = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
            # A full piece may have left output inside the engine although its input is used up.
            full = len(piece) == _PIECE and not self._engine.eof
            if piece:
                yield piece

    def _start(self, data: bytes) -> bytes:
        """Choose the wrapper by the first two bytes: "deflate" is sent with and without that of zlib."""
        self._head += data
        if len(self._head) < 2:
            return b""
        first, second = self._head[0], self._head[1]
        wrapped = self._head.startswith(b"\x1f\x8b") or (first & 0x0F == 8 and (first << 8 | second) % 31 == 0)
        self._engine = zlib.decompressobj(_EITHER_WRAPPER if wrapped else _NO_WRAPPER)
        self._started = True
        return self._head
