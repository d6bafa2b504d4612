"""Sentences: odd cases of clinics' pages, exact offsets, and any text at all."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.errors import ClaimcheckError
from claimcheck.page import page_from_html, page_from_text, split_sentences
from claimcheck.records import Page

CASES = json.loads((Path(__file__).parent / "data" / "pages" / "sentences.json").read_text("utf-8"))


def sentences_of(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(page_from_text(text, uri="t"))]


@pytest.mark.parametrize(("text", "count"), CASES, ids=[case[0][:30] for case in CASES])
def test_odd_cases_give_the_expected_number_of_sentences(text, count):
    assert len(sentences_of(text)) == count, sentences_of(text)


def test_list_marks_and_bullets_are_no_part_of_a_sentence():
    assert sentences_of("1. Book a visit. 2. Rest well.") == ["Book a visit.", "Rest well."]
    assert sentences_of("✓ No pain ✓ Quick") == ["No pain", "Quick"]
    assert sentences_of("• First thing\n- Second thing\n* Third thing") == [
        "First thing",
        "Second thing",
        "Third thing",
    ]


def test_closing_quotes_stay_with_their_sentence():
    assert sentences_of('He said, "It saved me." Then he left.') == ['He said, "It saved me."', "Then he left."]


def test_headings_and_items_without_a_stop_are_one_sentence_each():
    page = page_from_html("<h2>Rapid relief</h2><ul><li>No downtime<li>No pills</ul>", uri="h")
    assert [s.text for s in split_sentences(page)] == ["Rapid relief", "No downtime", "No pills"]
    assert [s.block for s in split_sentences(page)] == [0, 1, 2]


def test_sentences_do_not_cross_blocks():
    page = page_from_html("<p>It helps</p><p>many people.</p>", uri="h")
    assert [s.text for s in split_sentences(page)] == ["It helps", "many people."]


def test_glyphs_alone_are_no_sentence():
    assert sentences_of("★★★★★\n\nLovely place.\n\n→ | •") == ["Lovely place."]


def test_long_text_without_stops_is_cut_at_clauses_and_loses_nothing():
    text = ", ".join(f"we treat condition number {n} with care" for n in range(100))
    cut = sentences_of(text)
    assert len(cut) > 4
    assert max(map(len, cut)) <= 600
    assert all(piece.endswith(",") for piece in cut[:-1])
    assert " ".join(cut) == text


def test_hidden_text_gives_hidden_sentences():
    page = page_from_html("<p>Seen here.</p><p hidden>Not seen.</p>", uri="h")
    assert [(s.text, s.visible) for s in split_sentences(page)] == [("Seen here.", True), ("Not seen.", False)]


def check_offsets(page: Page) -> None:
    previous = 0
    for block in page.blocks:
        assert previous <= block.start < block.end <= len(page.text)
        previous = block.end
    previous = 0
    for sentence in split_sentences(page):
        assert previous <= sentence.start < sentence.end
        assert page.text[sentence.start : sentence.end] == sentence.text == sentence.text.strip()
        block = page.blocks[sentence.block]
        assert block.start <= sentence.start and sentence.end <= block.end
        assert (sentence.kind, sentence.visible) == (block.kind, block.visible)
        assert any(character.isalnum() for character in sentence.text)
        previous = sentence.end


STOPS = '. |! |?! |… |." |Dr. |U.S. |0.5 mg |relief.Ketamine is |\n|\n\n|\r\n|• |1. |✓ |a |The end|\u00a0|\u2028|, '
PIECES = st.one_of(st.text(max_size=20), st.sampled_from([*STOPS.split("|"), " | ", "(e.g. "]))


@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_text_keeps_its_text_and_gives_sentences_in_order(text):
    try:
        page = page_from_text(text, uri="t")
    except ClaimcheckError:
        return
    assert page.text == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    check_offsets(page)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_letter_of_a_text_is_in_no_sentence(text):
    """Between sentences stand only marks, spaces and list numbers."""
    try:
        page = page_from_text(f"The start {text}", uri="t")
    except ClaimcheckError:
        return
    rest, last = "", 0
    for sentence in split_sentences(page):
        rest += page.text[last : sentence.start] + " "
        last = sentence.end
    rest += page.text[last:]
    assert not any(len(word.strip(".)(\u2022-*")) > 3 and word.strip(".)(").isalpha() for word in rest.split()), rest
