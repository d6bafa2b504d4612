"""Files, streams, plain text, Markdown and PDF; what is none of these is refused."""

import io
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.errors import ClaimcheckError, EmptyPageError, TooLargeError, UnreadableError, UsageError
from claimcheck.page import (
    Limits,
    load_bytes,
    load_source,
    page_from_html,
    page_from_markdown,
    page_from_pdf,
    page_from_text,
    split_sentences,
)
from claimcheck.records import Page


def blocks(page: Page) -> list[tuple[str, str]]:
    return [(block.kind.value, page.text[block.start : block.end]) for block in page.blocks]


def pdf(*sheets: list[str]) -> bytes:
    """Write a PDF with one line of Helvetica for each string."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in sheets:
        moves = " T* ".join(f"({line}) Tj" for line in lines)
        stream = f"BT /F1 11 Tf 14 TL 50 780 Td {moves} ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        content = len(objects)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\n"
        f"startxref\n{len(out)}\n%%EOF"
    )
    return out + trailer.encode()


def test_a_text_file_keeps_its_text_unchanged(tmp_path):
    text = "Our Clinic\r\n\r\n  Care\u00a0for you.  It works.\r\n\r\n- One\r\n* Two\r\n\t3. Three\r\n\x0cEnd.\u200b\n"
    path = tmp_path / "page.txt"
    path.write_bytes(text.encode())
    page = load_source(str(path))
    assert page.text == text
    assert blocks(page) == [
        ("heading", "Our Clinic"),
        ("paragraph", "Care\u00a0for you.  It works."),
        ("list_item", "One"),
        ("list_item", "Two"),
        ("list_item", "Three"),
        ("paragraph", "End.\u200b"),
    ]
    assert (page.source.kind, page.source.uri, page.source.title) == ("file", str(path), "Our Clinic")


def test_only_the_byte_order_mark_is_left_out():
    assert page_from_text(b"\xef\xbb\xbfIt works.", uri="t").text == "It works."


def test_html_in_a_text_file_is_text(tmp_path):
    path = tmp_path / "page.txt"
    path.write_text("<p>It works.</p>")
    assert load_source(str(path)).text == "<p>It works.</p>"


def test_short_lines_are_headings_only_before_a_blank_line():
    text = "Rapid relief\n\nNo downtime\nNo pills\n\nIt is safe.\n\nLast words"
    assert [kind for kind, _ in blocks(page_from_text(text, uri="t"))] == [
        "heading", "paragraph", "heading", "paragraph", "paragraph",
    ]  # fmt: skip


WRAPPED = """Ketamine has been used for decades and is known to every doctor in the
country. In our clinic it is given by vein over forty minutes while a nurse
looks after you. Most of our guests feel better on the same day and keep that
feeling for weeks.

Side effects are mild and short. They go away by themselves within an hour of
the visit.
"""


def test_wrapped_lines_are_one_paragraph_and_sentences_cross_them():
    page = page_from_text(WRAPPED, uri="t")
    assert len(page.blocks) == 2
    sentences = split_sentences(page)
    assert len(sentences) == 5
    assert sentences[0].text.endswith("in the\ncountry.")


def test_lines_that_end_by_themselves_are_blocks():
    page = page_from_text("FDA approved care for all\nNo side effects ever\nWorks within hours", uri="t")
    assert len(page.blocks) == 3


@pytest.mark.parametrize(
    ("data", "encoding"), [("It’s café".encode("cp1252"), "cp1252"), ("It’s café".encode("utf-16"), "utf-16")]
)
def test_text_in_other_encodings(data, encoding):
    assert page_from_text(data, uri="t").text == "It’s café", encoding


def test_damaged_utf8_text_is_replaced_and_counted():
    page = page_from_text("It’s ".encode() + b"\xff ok", uri="t")
    assert page.text == "It’s \ufffd ok"
    assert page.coverage.reasons_dropped == {"undecodable": 1}


def test_markdown_is_read_without_its_marks():
    text = "---\ntitle: x\n---\n# Our *care*\n\nNo **side effects**, see [here](http://x).\n\n- One\n- Two\n\n"
    text += "> It saved me.\n\n<div hidden>Fine print</div>\n"
    page = page_from_markdown(text, uri="m.md")
    assert blocks(page) == [
        ("heading", "Our care"),
        ("paragraph", "No side effects, see here."),
        ("list_item", "One"),
        ("list_item", "Two"),
        ("quote", "It saved me."),
        ("paragraph", "Fine print"),
    ]
    assert not page.blocks[-1].visible
    assert page.source.title == "Our care"


def test_a_markdown_table_gives_cells():
    page = page_from_markdown("| A | B |\n|---|---|\n| one thing | two things |\n", uri="m.md")
    assert [kind for kind, _ in blocks(page)] == ["table_cell"] * 4


def test_pdf_lines_become_paragraphs_items_and_headings():
    data = pdf(
        [
            "Ketamine For Pain",
            "Our infusions are given by trained nurses and help nearly every guest who",
            "comes to us with pain. Relief is rapid and often lasts for many weeks with-",
            "out any further visit to the clinic, which is why our long-",
            "term guests love it.",
            "- No side effects",
        ],
        ["It is safe."],
    )
    page = page_from_pdf(data, uri="a.pdf")
    kinds = blocks(page)
    assert kinds[0] == ("heading", "Ketamine For Pain")
    assert kinds[1][0] == "paragraph"
    assert kinds[1][1].endswith(
        "weeks without any further visit to the clinic, which is why our long-term guests love it."
    )
    assert kinds[2:] == [("list_item", "No side effects"), ("paragraph", "It is safe.")]


def test_a_pdf_without_text_may_be_a_scan():
    with pytest.raises(UnreadableError, match="PDF of 1 page; it may be a scan"):
        page_from_pdf(pdf([]), uri="a.pdf")


@pytest.mark.parametrize("data", [b"%PDF-1.4\nbroken", b"%PDF-1.7", b"no pdf at all"])
def test_a_damaged_pdf_is_refused(data):
    with pytest.raises(UnreadableError, match="PDF") as failed:
        page_from_pdf(data, uri="a.pdf")
    assert ".)" not in str(failed.value)


def test_a_pdf_is_known_by_its_bytes(tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(pdf(["It is safe."]))
    assert load_source(str(path)).text == "It is safe."


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<!doctype html><p>It works.</p>", "It works."),
        (b"It works.\n<p>", "It works.\n<p>"),
        (b"  <!-- x --><div>It works.", "It works."),
    ],
)
def test_standard_input_is_sniffed(data, expected):
    page = load_source("-", stdin=io.BytesIO(data))
    assert page.text == expected
    assert (page.source.kind, page.source.uri) == ("stdin", "-")


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "x")
    return out.getvalue()


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.md", "a.bin"])
@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\0\0", zipped(), b"\xff\xd8\xff\xe0JFIF", b"abc\0def" * 50, b"{\\rtf1 x}", b"GIF89a\0"]
)
def test_binary_files_are_refused(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match="expected HTML, text, Markdown or PDF"):
        load_source(str(path))


@pytest.mark.parametrize("data", [b"", b"  \n\t ", b"\xef\xbb\xbf", b"***\n---\n"])
def test_empty_files_are_refused(tmp_path, data):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(EmptyPageError):
        load_source(str(path))


def test_paths_that_cannot_be_read(tmp_path):
    for spec in (str(tmp_path / "none.txt"), str(tmp_path), "a\0b.txt", "x" * 5_000):
        with pytest.raises(UnreadableError):
            load_source(spec)
    with pytest.raises(UsageError):
        load_source(" ")


def test_a_huge_file_is_refused_without_reading_it(tmp_path):
    path = tmp_path / "huge.html"
    with path.open("wb") as stream:
        stream.truncate(100_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="100,000,000"):
            load_source(str(path))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


class Endless(io.RawIOBase):
    """A stream that never ends and counts what was taken."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert 0 <= size <= 1 << 20
        self.taken += size
        return b"a" * size


def test_an_endless_stream_is_read_no_further_than_the_limit():
    stream = Endless()
    with pytest.raises(TooLargeError):
        load_source("-", stdin=stream, limits=Limits(max_bytes=3_000_000))
    assert stream.taken == 3_000_001


def test_limits_must_make_sense():
    with pytest.raises(ValueError, match="max_bytes"):
        Limits(max_bytes=0)
    with pytest.raises(ValueError, match="max_redirects"):
        Limits(max_redirects=-1)


@pytest.mark.parametrize("reader", [page_from_html, page_from_text])
def test_fifty_thousand_words_take_at_most_two_seconds(reader):
    text = "".join(
        f"<p>\nVisit {n} brought rapid relief to the guests of our clinic. It is safe.\n" for n in range(3_600)
    )
    start = time.process_time()
    page = reader(text, uri="t")
    assert len(split_sentences(page)) >= 7_200
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "text",
    ["the " + "(" * 300_000, "the " + ". " * 100_000, "a" * 1_000_000, "• " * 200_000 + "x", "\n" * 500_000 + "x"],
)
def test_monotonous_text_is_split_quickly(text):
    start = time.process_time()
    split_sentences(page_from_text(text, uri="t"))
    assert time.process_time() - start < 4


@given(
    st.one_of(
        st.binary(max_size=300),
        st.sampled_from([b"%PDF-1.4\n", b"PK\x03\x04", b"<html>"]).flatmap(
            lambda head: st.binary(max_size=200).map(lambda tail: head + tail)
        ),
    )
)
@settings(deadline=None)
def test_any_bytes_give_a_page_or_a_documented_error(data):
    for form in ("", "text", "markdown", "html", "pdf"):
        try:
            page = load_bytes(data, uri="b", form=form)
        except ClaimcheckError as error:
            assert "\n" not in str(error)
            continue
        assert all(page.text[s.start : s.end] == s.text for s in split_sentences(page))
        assert all(0 <= block.start < block.end <= len(page.text) for block in page.blocks)
