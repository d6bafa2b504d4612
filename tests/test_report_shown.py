"""Text from a page reaches no reader raw, and links lead to the web or nowhere."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.report.shown import clipped, one_line, quoted, safe_link, shown, source_link
from factories import APPROVAL, RESPONSE, record


@given(st.text())
def test_shown_text_holds_no_control_or_direction_character(text):
    kept = {"\n", "\t", "\u200c", "\u200d"}
    assert [c for c in shown(text) if unicodedata.category(c)[0] == "C" and c not in kept] == []


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs", "M"))))
def test_ordinary_text_is_shown_unchanged(text):
    assert shown(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred",
        "\x9b31mred",
        "\x1b]8;;https://evil.example\x07red",
        "\x1b]0;title\x1b\\red",
        "\x1bPq#0\x1b\\red",
        "\x1b(Bred",
        "\x1bcred",
    ],
)
def test_terminal_sequences_go_as_a_whole(text):
    assert shown(text) == "\ufffdred"


def test_an_unfinished_terminal_sequence_takes_the_rest_of_the_text():
    assert shown("a\x1b]8;;https://evil.example b") == "a\ufffd"


def test_direction_overrides_and_zero_width_characters_go():
    assert shown("a\u202eb\u2066c\u200bd\ufeffe") == "abcde"


def test_one_line_makes_every_white_space_one_blank():
    assert one_line(" a\r\n\tb\u2028c\x0bd\xa0 e ") == "a b c d e".replace("c d", "c\ufffdd")


@given(st.text(max_size=200), st.integers(2, 60))
def test_clipped_text_is_short_enough_and_says_that_it_was_cut(text, length):
    short = clipped(text, length)
    assert len(short) <= length
    assert short == one_line(text) or short.endswith("…")


def test_clipped_cuts_at_a_word():
    assert clipped("one two three four", 12) == "one two…"


def test_a_text_with_its_own_quotation_marks_gets_no_second_pair():
    assert quoted("“It cured me.”") == "“It cured me.”"
    assert quoted("It cured me.") == "“It cured me.”"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        " https://a.example",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//a.example/x",
        "https:///x",
        'https://a.example/"onclick=',
        "https://a.example/<b>",
        "https://a.example/\x00",
        "http://[bad",
        "file:///etc/passwd",
        "",
    ],
)
def test_only_plain_web_addresses_become_links(url):
    assert safe_link(url) == ""


def test_a_web_address_is_kept_and_percent_encoded():
    assert safe_link("https://a.example/b?c=d&e#f") == "https://a.example/b?c=d&e#f"
    assert safe_link("https://a.example/é%20x") == "https://a.example/%C3%A9%20x"


def test_a_source_is_linked_by_doi_then_pubmed_then_its_address():
    assert source_link(RESPONSE.source) == "https://doi.org/10.1000/jep.2019.014"
    assert source_link(record(doi="10.1/x<y>", pmid="7").source) == "https://doi.org/10.1/x%3Cy%3E"
    assert source_link(record(pmid="123").source) == "https://pubmed.ncbi.nlm.nih.gov/123/"
    assert source_link(record(doi="nonsense", pmid="12x").source) == APPROVAL.source.url
    assert source_link(record(url="javascript:alert(1)").source) == ""
