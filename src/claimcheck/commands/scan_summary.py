"""The table at the end of a scan: a line a site, and under it why pages were not checked."""

import sys
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from claimcheck.report.shown import one_line
from claimcheck.scan.summary import SiteSummary, site_summaries
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["print_summary"]

SITES_SHOWN = 40
REASONS_SHOWN = 3
WIDTH_ELSEWHERE = 120
# Narrower, the reasons stand below the table.
WIDTH_FOR_REASONS = 110


def print_summary(store: Store, run_id: int) -> bool:
    """Print the summary of a run to standard output; return whether any page could be read."""
    from rich.console import Console
    from rich.text import Text

    sites, shown, total = 0, [], Counter[str]()
    with store.session() as session:
        for site in site_summaries(session, run_id):
            sites += 1
            total.update(_numbers(site))
            total.update({f"reason {reason}": count for reason, count in site.reasons.items()})
            shown.append(site)
            # Those with most flagged claims are shown when there are too many.
            if len(shown) > 2 * SITES_SHOWN:
                shown = _worst(shown)
    console = Console(width=None if sys.stdout.isatty() else WIDTH_ELSEWHERE, highlight=False)
    with_reasons = console.width >= WIDTH_FOR_REASONS
    console.print(_table(_worst(shown), total, sites, with_reasons=with_reasons))
    for site in [] if with_reasons else _worst(shown):
        if site.reasons:
            console.print(Text(f"{one_line(site.host)}, not checked: {_reasons(site.reasons, REASONS_SHOWN)}"))
    reasons = {name.removeprefix("reason "): n for name, n in total.items() if name.startswith("reason ")}
    if reasons and sites > 1:
        console.print(Text(f"Pages not checked, all sites: {_reasons(reasons, 12)}"))
    return bool(total["checked"])


def _worst(sites: list[SiteSummary]) -> list[SiteSummary]:
    return sorted(sites, key=lambda site: (-site.flagged, site.host))[:SITES_SHOWN]


def _table(shown: list[SiteSummary], total: Mapping[str, int], sites: int, *, with_reasons: bool) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_footer=sites > 1, pad_edge=False)
    more = sites - len(shown)
    table.add_column("Site", footer=f"{sites:,} sites" + (f" ({more:,} not shown)" if more else ""), overflow="fold")
    for name in ("Found", "Checked", "Not checked", "Claims", "Contradicted", "Overstated"):
        table.add_column(name, justify="right", footer=f"{total[name.lower()]:,}")
    if with_reasons:
        table.add_column("Why pages were not checked", overflow="fold", min_width=28)
    for site in shown:
        numbers = _numbers(site)
        cells = [f"{number:,}" for number in numbers.values()]
        name = one_line(site.host) + ("" if site.is_finished else " (not finished)")
        why = [Text(_reasons(site.reasons, REASONS_SHOWN))] if with_reasons else []
        table.add_row(Text(name), *cells, *why)
    return table


def _numbers(site: SiteSummary) -> dict[str, int]:
    return {
        "found": site.found,
        "checked": site.states.get("checked", 0),
        "not checked": site.found - site.states.get("checked", 0),
        "claims": sum(site.labels.values()),
        "contradicted": site.labels.get("contradicted", 0),
        "overstated": site.labels.get("overstated", 0),
    }


def _reasons(reasons: Mapping[str, int], most: int) -> str:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    words = ", ".join(f"{one_line(reason)} {count:,}" for reason, count in ordered[:most])
    rest = sum(count for _, count in ordered[most:])
    return words + (f", other {rest:,}" if rest else "")
