"""Markdown holds the whole report, and a page's text stays text in it."""

import re

from markdown_it import MarkdownIt

from claimcheck.report import Failure, to_markdown
from factories import clinic_report, hostile_report, small_report


def rendered(*outcomes):
    return MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(to_markdown(outcomes))


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_every_claim_and_source_is_there():
    report = clinic_report()
    html = rendered(report)
    text = text_of(html).replace("&quot;", '"').replace("&amp;", "&")
    for verdict in report.verdicts:
        assert verdict.claim.text in text
    assert 'href="https://doi.org/10.1000/jep.2019.014"' in html
    assert "needs review" in text


def test_a_hostile_page_makes_no_element_and_no_link():
    html = rendered(hostile_report())
    assert "<script" not in html
    assert "<code" not in html
    assert re.findall(r'href="([^"]*)"', html) == []
    assert not re.search(r"[\x00-\x08\x1b\x9b\u202e]", html)


def test_text_that_opens_like_a_list_or_heading_stays_text():
    html = rendered(
        small_report(*((opening + " cures", "contradicted", 0.9) for opening in ("# x", "- x", "1. x", "= x", "+ x")))
    )
    assert html.count("<h1") == 1
    assert "<ol" not in html
    for opening in ("# x", "- x", "1. x", "= x", "+ x"):
        assert f"{opening} cures" in text_of(html)


def test_sources_follow_each_other_and_a_failed_one_says_why():
    html = rendered(small_report(), Failure("file", "a_b_c.pdf", "unreadable", "no *text* in it"))
    assert html.count("<h1") == 2
    assert "a_b_c.pdf" in html
    assert "no *text* in it" in html


def test_standard_input_is_called_so():
    text = to_markdown([small_report(("Ketamine may help.", "supported", 0.9), uri="-")])
    assert "standard input, read" in text
    assert "\\-, read" not in text
