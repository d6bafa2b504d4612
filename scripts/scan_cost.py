"""Compute what a scan of many pages costs, from the rates in docs/bench_scan.json and prices that are stated.

    python scripts/scan_cost.py [--pages 1000000 100000000] [--core-hour 0.045] [--gigabyte-month 0.023] [--months 12]
    python scripts/scan_cost.py --check docs/scanning.md       # exit 1 when the table there is not the one computed

Default prices are round figures for rented machines, of the order of large clouds' list prices in 2025: 0.045 dollars
an hour for a virtual core with its memory, 0.023 dollars a month for a gigabyte of object storage. Put in your own. Not
counted: fetching itself (a site is asked for one page a second at most, so that it waits on delays, not on cores),
traffic, and people's time. Overhead on a cluster (start, failures, uneven blocks) is taken as a quarter.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "docs" / "bench_scan.json"
OVERHEAD = 0.25
MARKS = ("<!-- cost table: scripts/scan_cost.py -->", "<!-- end of cost table -->")


@dataclass(frozen=True)
class Prices:
    """Dollars for an hour of one core and for a gigabyte kept a month, and how many months captures are kept."""

    core_hour: float
    gigabyte_month: float
    months: int


def rates(bench):
    """Yield (name, pages a core-second, bytes kept a page) of each measured engine and model."""
    for part, result in bench.items():
        if part.startswith("rate_"):
            for engine in ("local", "ray"):
                if engine in result:
                    found = result[engine]
                    kept = found["store_bytes_a_page"] + found["archive_bytes_a_page"]
                    yield f"{result['model']}, {engine}", found["pages_a_second"] / result["cores"], kept


def row(name, pages, per_core, kept, prices):
    """Return the cells of one row: core-hours, hours on 2 and on 64 cores, gigabytes and dollars."""
    hours = pages / per_core / 3600
    on_many = hours * (1 + OVERHEAD)
    gigabytes = pages * kept / 1e9
    dollars = on_many * prices.core_hour
    storage = gigabytes * prices.gigabyte_month * prices.months
    return [f"{pages:,}", name, f"{hours:,.0f}", f"{on_many / 64:,.1f}", f"{dollars:,.0f}", f"{gigabytes:,.0f}",
            f"{storage:,.0f}", f"{dollars + storage:,.0f}"]  # fmt: skip


def table(bench, counts, prices):
    """Return the Markdown table."""
    head = ["pages", "model, engine", "core-hours", "hours on 64 cores", "computing, $", "kept, GB",
            f"kept {prices.months} months, $", "together, $"]  # fmt: skip
    lines = [" | ".join(head), " | ".join(["---:", "---"] + ["---:"] * (len(head) - 2))]
    for pages in counts:
        lines += [" | ".join(row(name, pages, per_core, kept, prices)) for name, per_core, kept in rates(bench)]
    return "\n".join(f"| {line} |" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000_000, 100_000_000])
    parser.add_argument("--core-hour", type=float, default=0.045)
    parser.add_argument("--gigabyte-month", type=float, default=0.023)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--bench", type=Path, default=BENCH)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into a page, between its marks")
    parser.add_argument("--check", type=Path, metavar="PAGE", help="compare it with the table in a page")
    args = parser.parse_args()
    bench = json.loads(args.bench.read_text(encoding="utf-8"))
    made = table(bench, args.pages, Prices(args.core_hour, args.gigabyte_month, args.months))
    print(made)
    page = args.write or args.check
    if page is None:
        return
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    old, _, after = rest.partition(MARKS[1])
    if not after:
        sys.exit(f"{page}: the marks of the cost table are missing")
    if args.write:
        page.write_text(f"{before}{MARKS[0]}\n\n{made}\n\n{MARKS[1]}{after}", encoding="utf-8")
    elif old.strip() != made:
        sys.exit(f"{page}: its cost table is not the one computed; run with --write {page}")


if __name__ == "__main__":
    main()
