"""The child process of a crawl: reads its order from standard input, crawls, and ends when its parent does."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from claimcheck.errors import ClaimcheckError


def main() -> int:
    """Crawl as the order on standard input says; return the exit status."""
    order = json.loads(sys.stdin.buffer.readline())
    _stop_with_parent()
    from claimcheck.scan.crawl import CrawlOptions, run_crawl

    try:
        run_crawl(order["store"], Path(order["archive"]), order["run"], CrawlOptions(**order["options"]))
    except ClaimcheckError as error:
        print(f"claimcheck: {error}", file=sys.stderr)  # noqa: T201 - the parent reads it
        return error.exit_status
    return 0


def _stop_with_parent() -> None:
    # Captures and rows are written by the main thread, where Python runs signal handlers; the fetches that are cut off
    # in other threads are asked for again by the next crawl.
    def stop(_number: int, _frame: object) -> None:
        os._exit(75)

    signal.signal(signal.SIGTERM, stop)
    # A Ctrl-C at the terminal reaches the whole group: the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
