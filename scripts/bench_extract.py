"""Compares extraction and sentence splitting with other libraries on pages written for it.

    python scripts/bench_extract.py [--repeat 20] [--sentences]

Counts, of items marked kestrelNN (text of the page) and navmarkNN (machinery), how many each extractor keeps, and the
milliseconds a page takes. ``pip install trafilatura lxml_html_clean resiliparse pysbd`` first; what is not installed is
left out. One ordinary article stands beside two marketing pages, so that an extractor made for articles is also seen
where it is at home. The odd sentences are those the rules were written for: the figures say how the two differ there,
not how either does on pages neither has seen.
"""

import argparse
import importlib.util
import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from claimcheck.errors import ClaimcheckError
from claimcheck.page import page_from_html, page_from_text, split_sentences

PAGES = Path(__file__).parent.parent / "tests" / "data" / "pages"

BUILDER = """<html><head><title>kestrel01</title></head><body><div id="top" class="site-header"><div class="menu-wrap">
<ul class="main-menu"><li><a href="/">navmark01</a></li><li><a href="/a">navmark02</a></li></ul></div></div>
<div class="hero"><div class="t1">kestrel02 ends pain</div><div class="t2">Ask for kestrel03 today</div></div>
<div class="row">{cards}</div><div class="accordion">{answers}</div>
<div class="slider">{slides}</div><div class="counter"><span>kestrel25</span><span>98%</span></div>
<div class="overlay" style="opacity:0">kestrel26 in the overlay</div>
<div class="site-footer"><div class="links"><a href="/p">navmark03</a> <a href="/t">navmark04</a></div>
<div class="small">kestrel27 is not for everyone.</div></div></body></html>"""
ARTICLE = """<html><head><title>An article</title></head><body><nav><a href=/>navmark01</a></nav>
<article><h1>kestrel01</h1>{}</article></body></html>"""


def pages() -> dict[str, str]:
    """Return the pages by name."""
    cards = "".join(
        f'<div class="card"><div>kestrel{n:02} card</div><span>with care</span></div>' for n in range(4, 12)
    )
    answers = "".join(
        f'<div class="item"><div class="q">Question {n}?</div>'
        f'<div class="a" style="display:none">kestrel{n:02} is it.</div></div>'
        for n in range(12, 19)
    )
    slides = "".join(
        f'<div class="slide" aria-hidden="true"><p>kestrel{n:02} changed my life.</p></div>' for n in range(19, 25)
    )
    prose = "".join(
        f"<p>Paragraph kestrel{n:02} tells of the history of a drug in some length, as articles do.</p>"
        for n in range(2, 30)
    )
    return {
        "marked": (PAGES / "marked.html").read_text("utf-8"),
        "builder": BUILDER.format(cards=cards, answers=answers, slides=slides),
        "article": ARTICLE.format(prose),
    }


def extractors() -> dict[str, Callable[[str], str]]:
    """Return the extractors that are installed."""
    found: dict[str, Callable[[str], str]] = {"claimcheck": lambda html: page_from_html(html, uri="bench").text}
    if importlib.util.find_spec("trafilatura"):
        import trafilatura

        found["trafilatura"] = lambda html: trafilatura.extract(html) or ""
        found["trafilatura recall"] = lambda html: trafilatura.extract(html, favor_recall=True) or ""
    if importlib.util.find_spec("resiliparse"):
        from resiliparse.extract.html2text import extract_plain_text

        found["resiliparse"] = extract_plain_text
        found["resiliparse main"] = lambda html: extract_plain_text(html, main_content=True)
    return found


def bench_extraction(repeat: int) -> None:
    """Print kept items, kept navigation and time for each page and extractor."""
    print(f"{'page':9}{'extractor':21}{'items kept':>12}{'navigation':>12}{'ms/page':>9}")
    for name, html in pages().items():
        items = set(re.findall(r"kestrel\d\d", html))
        machinery = set(re.findall(r"navmark\d\d", html)) - {"navmark99"}
        for extractor, extract in extractors().items():
            times = []
            for _ in range(repeat):
                start = time.perf_counter()
                text = extract(html)
                times.append(time.perf_counter() - start)
            kept = sum(item in text for item in items)
            wrong = sum(item in text for item in machinery)
            share, clutter = f"{kept}/{len(items)}", f"{wrong}/{len(machinery)}"
            print(f"{name:9}{extractor:21}{share:>12}{clutter:>12}{statistics.median(times) * 1000:9.2f}")


def bench_sentences() -> None:
    """Print how many odd cases each splitter cuts into the expected number of sentences."""
    cases = json.loads((PAGES / "sentences.json").read_text("utf-8"))
    splitters: dict[str, Callable[[str], int]] = {
        "claimcheck": lambda text: len(split_sentences(page_from_text(text, uri="bench")))
    }
    if importlib.util.find_spec("pysbd"):
        import pysbd

        segmenter = pysbd.Segmenter(language="en", clean=False)
        splitters["pysbd"] = lambda text: len(segmenter.segment(text))
    prose = " ".join(text for text, _ in cases)
    for name, split in splitters.items():
        right = 0
        for text, count in cases:
            try:
                right += split(text) == count
            except ClaimcheckError as error:
                print(f"{name}: {error}")
        start = time.perf_counter()
        for _ in range(20):
            split(prose)
        words = 20 * len(prose.split()) / (time.perf_counter() - start)
        print(f"{name:11}{right}/{len(cases)} odd cases, {words:,.0f} words a second")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--sentences", action="store_true", help="bench sentence splitting instead")
    options = parser.parse_args()
    if options.sentences:
        bench_sentences()
    else:
        bench_extraction(options.repeat)


if __name__ == "__main__":
    main()
