"""Evidence-grade capture: what a server sent, in WARC files whose digests are chained in a manifest."""

from claimcheck.capture.manifest import head_of
from claimcheck.capture.reader import page_of, read_capture, warc_exchanges
from claimcheck.capture.records import Capture, CapturedPage, Exchange, Head, Screenshot
from claimcheck.capture.verify import record_head, verify_archive, verify_store
from claimcheck.capture.writer import ArchiveWriter

__all__ = [
    "ArchiveWriter",
    "Capture",
    "CapturedPage",
    "Exchange",
    "Head",
    "Screenshot",
    "head_of",
    "page_of",
    "read_capture",
    "record_head",
    "verify_archive",
    "verify_store",
    "warc_exchanges",
]
