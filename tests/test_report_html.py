"""The HTML report: one file, the whole page, every claim beside its evidence, and nothing in it runs or loads."""

import base64
import hashlib
import itertools
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.records import Label, Span
from claimcheck.report import Failure, to_html, to_html_index
from claimcheck.report.marking import pieces_of
from claimcheck.report.shown import shown
from factories import clinic_report, hostile_report, report_of, said, small_report

VOID = {"meta", "br", "hr", "img", "input", "link"}
SVG_EMPTY = {"path", "circle", "rect", "use"}


class Tree(HTMLParser):
    """Reads a document strictly: every element closed in order, every id once."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID | SVG_EMPTY
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def with_class(self, name):
        return [attrs for _, attrs in self.elements if name in attrs.get("class", "").split()]


REPORTS = {"clinic": clinic_report(), "hostile": hostile_report(), "empty": report_of([said("Welcome.")], title="")}


@pytest.fixture(params=REPORTS)
def tree(request):
    return Tree(to_html(REPORTS[request.param]))


def test_the_document_has_its_doctype_language_title_and_one_main_heading(tree):
    assert to_html(REPORTS["clinic"]).lstrip().lower().startswith("<!doctype html>")
    assert tree.all("html") == [{"lang": "en"}]
    assert len(tree.all("title")) >= 1
    assert len(tree.all("h1")) == len(tree.all("main")) == len(tree.all("header")) == len(tree.all("footer")) == 1


def test_nothing_runs_and_nothing_is_loaded(tree):
    allowed = set(
        "a article b blockquote body circle code dd defs desc details div dl dt footer g h1 h2 h3 h4 head header html "
        "li main mark meta ol p path pattern rect section span strong style summary svg symbol text time title ul "
        "use".split()
    )
    assert {tag for tag, _ in tree.elements} <= allowed
    for _, attrs in tree.elements:
        assert not {name for name in attrs if name.startswith("on") or name in {"style", "src", "srcset", "data"}}
        for name in ("href", "fill"):
            assert re.match(r"https?://|#|url\(#|$", attrs.get(name) or "")


def test_links_out_lead_to_the_web_without_a_referrer(tree):
    for attrs in tree.all("a"):
        if not attrs["href"].startswith("#"):
            assert attrs["href"].startswith(("https://", "http://"))
            assert attrs["rel"] == "noopener noreferrer"
    assert {"name": "referrer", "content": "no-referrer"} in tree.all("meta")


def test_the_policy_allows_only_the_style_that_is_there():
    html = to_html(REPORTS["clinic"])
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(m["content"] for m in Tree(html).all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "@import" not in style
    assert "http" not in style
    assert "&#" not in style


def test_every_id_is_there_once_and_every_anchor_leads_somewhere(tree):
    ids = Counter(attrs["id"] for _, attrs in tree.elements if "id" in attrs)
    assert [name for name, number in ids.items() if number > 1] == []
    for _, attrs in tree.elements:
        targets = [attrs["href"][1:]] if (attrs.get("href") or "").startswith("#") else []
        targets += (attrs.get("aria-labelledby") or "").split()
        assert [target for target in targets if target not in ids] == []


def test_the_whole_text_of_the_page_is_there_in_order():
    report = REPORTS["clinic"]
    text = Tree(to_html(report)).text
    cursor = 0
    for sentence in report.sentences:
        # Inside a marked sentence, strong words are elements of their own; the text runs on.
        cursor = text.index(sentence.text, cursor)


def test_every_claim_has_a_card_and_a_reference_in_the_text():
    report = REPORTS["clinic"]
    tree = Tree(to_html(report))
    assert len(tree.with_class("card")) == len(report.verdicts) == len(tree.with_class("ref"))
    for verdict in report.verdicts:
        assert verdict.claim.text in tree.text
        assert verdict.explanation in tree.text
        for evidence in verdict.evidence:
            assert evidence.record.limits in tree.text


def test_a_mark_tells_its_verdict_in_words_too():
    html = to_html(small_report(("Ketamine cures.", "contradicted", 0.9)))
    assert re.search(r'<mark class="contradicted"><span class="vh">\[Contradicted: </span>Ketamine cures\.', html)


def test_strong_words_stand_out_inside_the_mark():
    report = small_report(("Ketamine cures all.", "contradicted", 0.9, {"strong": "cures"}))
    assert 'Ketamine <strong class="strong">cures</strong> all.' in to_html(report)


def test_hidden_text_and_page_descriptions_are_marked_as_such():
    text = Tree(to_html(REPORTS["clinic"])).text
    assert "hidden or collapsed on the page[Supported: *Results vary." in text
    assert "page title or description, seen by search engines" in text


def test_the_chart_has_a_text_alternative():
    html = to_html(REPORTS["clinic"])
    svg = re.search(r'<svg class="chart".*?</svg>', html, re.DOTALL)[0]
    assert 'role="img" aria-labelledby="chart-title chart-text"' in svg
    assert "Of 26 claims: 7 contradicted, 7 overstated, 4 unverified, 8 supported." in svg
    widths = [float(width) for width in re.findall(r'class="bar" x="[\d.]+%" y="0" width="([\d.]+)%"', svg)]
    assert len(widths) == 4
    assert sum(widths) == pytest.approx(100, abs=0.01)


def test_a_page_without_claims_has_no_chart_and_says_so():
    html = to_html(REPORTS["empty"])
    assert "No checkable claim was found on this page." in html
    assert 'class="chart"' not in html


def test_it_says_how_to_read_it_what_it_is_not_and_how_it_was_made():
    text = Tree(to_html(REPORTS["clinic"])).text
    for words in ("How to read this", "What this is not.", "not medical or legal advice", "a person must check",
                  "e3" * 32, "5f" * 32, "navigation", "1,800 characters"):  # fmt: skip
        assert words in text


def test_a_hostile_page_is_text_and_nothing_else():
    html = to_html(REPORTS["hostile"])
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7*7 }}" in html  # shown, not evaluated
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert Tree(html).all("script") == []


def test_claims_that_have_no_place_in_a_block_are_shown_all_the_same():
    report = clinic_report()
    bare = replace(report, page=replace(report.page, blocks=()))
    tree = Tree(to_html(bare))
    assert len(tree.with_class("card")) == len(report.verdicts)
    assert "At Harbour Light we walk beside you" in tree.text


@given(st.data())
def test_marking_keeps_every_character_once_and_in_order(data):
    text = data.draw(st.text(min_size=1, max_size=60))
    report = small_report(("x", "contradicted", 0.9))
    spans = data.draw(st.lists(st.tuples(st.integers(0, len(text)), st.integers(0, len(text))), max_size=6))
    claims = []
    for number, (start, end) in enumerate(spans, 1):
        verdict = report.verdicts[0]
        claim = type(verdict.claim)("c", "x", start, end, text[start:end], "t")
        strong = tuple(Span(*sorted(pair)) for pair in itertools.pairwise(spans[number % len(spans)]))
        claims.append(
            (number, type(verdict)(claim, Label.OVERSTATED, {}, 0.5, False, verdict.severity, (), "", (), (), strong))
        )
    pieces = list(pieces_of(text, Span(0, len(text)), claims, {}))
    assert "".join(run.text for piece in pieces for run in piece.runs) == text


@settings(deadline=None)  # the first page compiles the template
@given(st.text(max_size=80))
def test_any_text_can_be_a_page(text):
    report = report_of([said(text or "x", ("", "contradicted", 0.9))], title=text)
    assert " ".join(shown(text).split()) in Tree(to_html(report)).text or not text.strip()


def test_the_index_links_each_report_and_names_what_failed():
    failure = Failure("url", "https://x.example/<b>", "fetch-failed", "no answer")
    tree = Tree(to_html_index([("001-a.html", REPORTS["clinic"]), ("", failure)]))
    assert "001-a.html" in [attrs["href"] for attrs in tree.all("a")]
    assert "https://x.example/<b>Could not be read (fetch-failed): no answer" in tree.text


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(theme):
    style = re.search(r"<style>(.*?)</style>", to_html(REPORTS["clinic"]), re.DOTALL)[1]
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[theme]
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    verdicts = ["contradicted", "overstated", "supported", "unverified"]
    pairs = [(text, ground) for text in ("ink", "soft", "link") for ground in ("paper", "sheet", "caution-tint")]
    pairs += [(name, ground) for name in verdicts for ground in ("sheet", "paper", f"{name}-tint")]
    pairs += [("ink", f"{name}-tint") for name in verdicts] + [("chart-ink", name) for name in verdicts]
    pairs += [("on-solid", name) for name in verdicts]
    low = {pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}
