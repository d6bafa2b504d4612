"""Scans on Ray with the word checker, as a program of its own: store STORE FOLDER | warcs OUTPUT WARC…

``store`` prints each page as it is recorded, so that a test knows when to kill a worker.
"""

import sys
from pathlib import Path

from claimcheck.scan.ray_engine import check_warcs
from claimcheck.store import open_store
from fake_checker import WordLoader
from scan_program import Silent, scan


class Telling(Silent):
    """A watch that prints the pages that are done."""

    def checked(self, event):
        sys.stdout.write(f"{event.url}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "store":
        store = open_store(sys.argv[2])
        _, outcome = scan(store, Path(sys.argv[3]), workers=2, delay=0.2, engine="ray", watch=Telling())
        store.close()
        sys.exit(0 if outcome.is_finished else 1)
    check_warcs([Path(name) for name in sys.argv[3:]], Path(sys.argv[2]), WordLoader(Path("none")), workers=2)
