"""HTML: what clinics' pages say is kept and marked, machinery is left out and counted."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.errors import ClaimcheckError, EmptyPageError, TooLargeError, UnsupportedLanguageError
from claimcheck.page import Limits, is_foreign, load_source, page_from_html, split_sentences
from claimcheck.records import Block, BlockKind, Page

MARKED = Path(__file__).parent / "data" / "pages" / "marked.html"
HIDDEN = {2, 3, 4, 5, 16, 18, 19, 20, 21, 22, 23, 26, 36, 37, 40}
KINDS = {
    **dict.fromkeys((1, 2, 3, 4, 5), "meta"),
    **dict.fromkeys((12, 13, 14), "list_item"),
    **dict.fromkeys((30, 34, 35), "caption"),
    **dict.fromkeys((32, 33), "quote"),
    6: "heading",
    7: "paragraph",
    8: "paragraph",
    31: "table_cell",
}


def blocks_with(page: Page, word: str) -> list[Block]:
    return [block for block in page.blocks if word in page.text[block.start : block.end]]


def texts(html: str) -> list[str]:
    page = page_from_html(html, uri="h")
    return [page.text[block.start : block.end] for block in page.blocks]


def shown(html: str) -> dict[str, bool]:
    page = page_from_html(html, uri="h")
    return {page.text[block.start : block.end]: block.visible for block in page.blocks}


@pytest.fixture(scope="module")
def marked() -> Page:
    return load_source(str(MARKED))


@pytest.mark.parametrize("number", range(1, 41))
def test_every_marked_item_is_found_once_with_its_visibility(marked, number):
    found = blocks_with(marked, f"kestrel{number:02}")
    assert len(found) == 1
    assert found[0].visible == (number not in HIDDEN)
    if number in KINDS:
        assert found[0].kind == KINDS[number]


def test_the_marked_page_has_forty_items_and_fifteen_of_navigation():
    source = MARKED.read_text("utf-8")
    assert len(set(re.findall(r"kestrel\d\d", source))) == 40
    assert len(set(re.findall(r"navmark\d\d", source)) - {"navmark99"}) == 15


def test_no_navigation_item_is_kept(marked):
    assert re.findall(r"navmark\d\d", marked.text) == []


def test_every_character_is_kept_or_counted_by_reason(marked):
    coverage = marked.coverage
    assert coverage.characters_found == coverage.characters_kept + sum(coverage.reasons_dropped.values())
    assert coverage.characters_kept == sum(block.end - block.start for block in marked.blocks)
    wanted = {"navigation", "cookie_banner", "script", "style", "form", "breadcrumb", "share_buttons", "duplicate"}
    assert wanted <= set(coverage.reasons_dropped)
    assert coverage.images_without_text == 3


def test_title_time_and_hash_are_recorded(marked):
    assert marked.source.title == "kestrel01 Harbor Infusion Clinic"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", marked.source.retrieved_at)
    assert re.fullmatch(r"[0-9a-f]{64}", marked.source.sha256)


def test_footer_and_header_are_named_as_regions(marked):
    assert blocks_with(marked, "kestrel39")[0].region == "footer"
    assert blocks_with(marked, "kestrel06")[0].region == "header"
    assert blocks_with(marked, "kestrel08")[0].region == "main"


def test_white_space_entities_and_invisible_characters():
    assert texts("<p>No&nbsp;&nbsp;pain &amp;\n  no\u200b\u00ad fuss&#8203;</p>") == ["No pain & no fuss"]


def test_items_and_cells_are_joined_by_one_line_break_and_blocks_by_two():
    assert page_from_html("<p>A b</p><ul><li>C d<li>E f</ul><p>G h</p>", uri="h").text == "A b\n\nC d\nE f\n\nG h"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Safe and<br>effective care</p>", ["Safe and effective care"]),
        ("<p>Rapid relief<br>Approved care</p>", ["Rapid relief", "Approved care"]),
        ("<p>One line<br><br>two lines</p>", ["One line", "two lines"]),
        ("<h1>Feel well<br>Again today</h1>", ["Feel well Again today"]),
        ("<p>• Quick<br>• Quiet</p>", ["Quick", "Quiet"]),
    ],
)
def test_line_breaks_part_what_they_end(html, expected):
    assert texts(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p><span>24 hours</span><span>Lasting relief</span></p>", ["24 hours Lasting relief"]),
        ("<p><span>95</span><span>%</span> of <b>pat</b>ients</p>", ["95% of patients"]),
        ("<h1><span>F</span><span>D</span><span>A</span></h1>", ["FDA"]),
        ("<a class='btn'>Book now</a><a class='btn'>Call us</a>", ["Book now", "Call us"]),
    ],
)
def test_elements_side_by_side_are_joined_as_they_are_seen(html, expected):
    assert texts(html) == expected


def test_hidden_words_inside_a_sentence_do_not_cut_it():
    assert shown("<p>No <span class='sr-only'>truly</span> side effects.</p>") == {
        "No side effects.": True,
        "truly": False,
    }


def test_a_visible_copy_wins_over_its_hidden_clone():
    assert shown("<div hidden><p>It works.</p></div><p>It works.</p>") == {"It works.": True}


def test_the_stronger_style_rule_decides():
    css = "<style>.a{display:none} .a.on{display:block} div.b{visibility:hidden}"
    css += " #c .d{opacity:0} .e:not(.on){display:none}</style>"
    html = "<p class=a>One.</p><p class='a on'>Two.</p><div class=b>Three.</div><div id=c><p class=d>Four.</p></div>"
    assert shown(css + html + "<p class=e>Five.</p><p class='e on'>Six.</p>") == {
        "One.": False, "Two.": True, "Three.": False, "Four.": False, "Five.": False, "Six.": True,
    }  # fmt: skip


def test_styles_for_print_and_phones_hide_nothing():
    css = "<style>@media print{.a{display:none}}"
    css += " @media (max-width: 700px){.a{display:none}} @media screen{.b{display:none}}</style>"
    assert shown(css + "<p class=a>One.</p><p class=b>Two.</p>") == {"One.": True, "Two.": False}


def test_a_responsive_class_is_not_hidden():
    assert shown("<p class='hidden md:block'>One.</p><p class='d-none'>Two.</p>") == {"One.": True, "Two.": False}


def test_names_alone_drop_nothing():
    html = (
        "<div class='menu'><h3>Menu of services</h3><p>We treat pain with care.</p></div>"
        "<div class='informed-consent'><p>You accept all risks of the drug.</p><button>Read more</button></div>"
        "<section class='social-anxiety'><p>We treat it.</p></section>"
        "<div class='social-proof'><p>Share of happy guests: 98%.</p></div>"
    )
    page = page_from_html(html, uri="h")
    assert "navigation" not in page.coverage.reasons_dropped
    assert {"cookie_banner", "share_buttons"}.isdisjoint(page.coverage.reasons_dropped)
    assert len(page.blocks) == 6


def test_prose_inside_navigation_is_kept():
    html = "<nav><a href=/>Home</a><p>Nine in ten of our patients feel better after one visit.</p></nav>"
    assert texts(html) == ["Nine in ten of our patients feel better after one visit."]


def test_a_form_around_the_whole_page_is_no_form():
    assert "We cure pain." in texts(
        "<form id='aspnetForm'><h1>Clinic</h1><p>We cure pain.</p><label>Name</label></form>"
    )


def test_claims_in_a_form_are_kept():
    assert texts(
        "<form><h3>Get relief</h3><p>Nine in ten patients are cured for good.</p><label>Name</label></form>"
    ) == [
        "Get relief",
        "Nine in ten patients are cured for good.",
    ]


def test_json_ld_answers_in_the_text_are_not_repeated():
    ld = '<script type="application/ld+json">{"@type":"Answer","text":"<p>Yes, it is safe.</p>"}</script>'
    assert texts(f"{ld}<p>Yes, it is <b>safe</b>.</p>") == ["Yes, it is safe."]
    assert texts(f"{ld}<p>Ask us.</p>") == ["Ask us.", "Yes, it is safe."]


@pytest.mark.parametrize("script", ["{", "[" * 100_000, '"x"', "null", '{"@type": ["Answer", 3], "text": 5}'])
def test_broken_json_ld_is_left_out(script):
    assert texts(f"<script type='application/ld+json'>{script}</script><p>Fine.</p>") == ["Fine."]


def test_layout_tables_hold_paragraphs_and_headings():
    page = page_from_html("<table><tr><td><h1>Title</h1><p>Text here.</p></td></tr></table>", uri="h")
    assert [block.kind for block in page.blocks] == [BlockKind.HEADING, BlockKind.PARAGRAPH]
    assert page.blocks[0].level == 1


def test_equal_short_cells_stay():
    assert texts("<table><tr><td>Yes</td><td>Yes</td></tr></table>") == ["Yes", "Yes"]


def test_a_page_of_navigation_only_is_empty_and_says_why():
    with pytest.raises(EmptyPageError, match="navigation"):
        page_from_html("<nav><a href=/>Home</a></nav>", uri="h")


@pytest.mark.parametrize("html", ["", "   ", "<html></html>", "<script>var x = 1;</script>"])
def test_nothing_to_read_is_an_error(html):
    with pytest.raises(EmptyPageError):
        page_from_html(html, uri="h")


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000 + "x",
        "<ul><li>" * 50_000 + "x",
        "<div><table></div></table>" * 50_000,
        '<div a="</div>">' * 50_000,
        "<div/>" * 50_000,
        "".join(f"<b id={n}>" for n in range(1_500)) + "<p>x</p>" * 20_000,
        "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x",
    ],
    ids=["div", "list", "misnested", "quoted", "slash", "formatting", "attributes"],
)
def test_pages_made_to_stall_the_parser_are_refused(html):
    with pytest.raises(TooLargeError):
        page_from_html(html, uri="h")


def test_deep_nesting_within_the_limit_is_read():
    assert texts("<div>" * 4_000 + "Deep text." + "</div>" * 4_000) == ["Deep text."]


def test_limits_on_bytes_and_text():
    with pytest.raises(TooLargeError):
        page_from_html(b"<p>" + b"x" * 1_000, uri="h", limits=Limits(max_bytes=500))
    with pytest.raises(TooLargeError):
        page_from_html("<p>" + "word " * 1_000, uri="h", limits=Limits(max_text=500))


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        ("<p>caf\u00e9 “ok”</p>".encode("cp1252"), None, "café “ok”"),
        ("<p>caf\u00e9</p>".encode("latin-1"), "text/html; charset=ISO-8859-1", "café"),
        ('<meta charset="windows-1251"><p>ok \u0434</p>'.encode("cp1251"), None, "ok д"),
        ("<p>café</p>".encode("utf-16"), None, "café"),
        ("<p>café here</p>".encode("utf-16-le"), None, "café here"),
        ("\ufeff<p>café</p>".encode(), "text/html; charset=windows-1252", "café"),
        ('<meta charset="utf-16"><p>café</p>'.encode(), None, "café"),
        ("<p>café</p>".encode(), "text/html; charset=zip", "café"),
    ],
)
def test_encodings(data, content_type, expected):
    assert page_from_html(data, uri="h", content_type=content_type).text == expected


def test_broken_utf8_is_replaced_and_counted():
    page = page_from_html("<p>café ".encode() + b"\xff\xfe ok</p>", uri="h")
    assert page.text == "café \ufffd\ufffd ok"
    assert page.coverage.reasons_dropped["undecodable"] == 2


SPANISH = (
    "La ketamina es un tratamiento eficaz para la depresión y el dolor, y los pacientes que la reciben son felices. "
    * 3
)
ENGLISH = (
    "Ketamine is an effective treatment for depression and pain, and the patients who get it are happy with us. " * 3
)


@pytest.mark.parametrize(
    "text", [SPANISH, "Кетамин является эффективным средством от боли. " * 3, "氯胺酮是一种有效的治疗方法。" * 5]
)
def test_other_languages_are_refused(text):
    with pytest.raises(UnsupportedLanguageError, match="not English"):
        page_from_html(f"<p>{text}</p>", uri="h")


def test_a_foreign_paragraph_of_an_english_page_is_counted_and_not_refused():
    page = page_from_html(f"<p>{ENGLISH}</p><p>{SPANISH * 4}</p>", uri="h")
    foreign = page.blocks[1]
    assert page.coverage.reasons_dropped["other-language"] == foreign.end - foreign.start
    assert page.coverage.characters_found == page.coverage.characters_kept + foreign.end - foreign.start
    assert [is_foreign(page.text[b.start : b.end]) for b in page.blocks] == [False, True]


def test_a_short_foreign_paragraph_is_told_too():
    assert is_foreign("Wir freuen uns auf Ihren Besuch, und die Nebenwirkungen von Ketamin sind meist mild.")


def test_english_with_names_and_loan_words_is_english():
    for text in ("Dr. de la Cruz and Dr. van der Berg see patients in La Jolla and El Paso.", "A la carte NAD+, no IV"):
        assert not is_foreign(text)


@pytest.mark.parametrize(
    "text", [ENGLISH, ENGLISH * 2 + SPANISH, "La cura!", "Spravato, IV Ketamine, PTSD, OCD, NAD+, TMS, Lipo-C " * 5]
)
def test_english_mixed_and_short_texts_pass(text):
    assert page_from_html(f"<p>{text}</p>", uri="h").blocks


TAGS = (
    "p,div,span,b,a href=x,li,ul,nav,details,table,td,template,noscript,script,style,h1,br,img alt=yes,svg,title".split(
        ","
    )
)
TAGS += "select,form,!--,blockquote class=quote,p hidden,button".split(",")
MARKUP = st.lists(
    st.one_of(
        st.sampled_from(TAGS).map(lambda tag: f"<{tag}>"),
        st.sampled_from(TAGS).map(lambda tag: f"</{tag.split()[0]}>"),
        st.text(max_size=12),
        st.sampled_from(["word. ", "&nbsp;", "&#0;", "<", "-->", "{display:none}", ".x", "\0", "\ud800"]),
    ),
    max_size=50,
).map("".join)


def check(page: Page) -> None:
    last = 0
    for block in page.blocks:
        assert last <= block.start < block.end <= len(page.text)
        text = page.text[block.start : block.end]
        assert text == " ".join(text.split())
        last = block.end
    coverage = page.coverage
    assert coverage.characters_found == coverage.characters_kept + sum(coverage.reasons_dropped.values())
    for sentence in split_sentences(page):
        assert page.text[sentence.start : sentence.end] == sentence.text


@given(MARKUP)
def test_any_markup_gives_exact_blocks_or_a_documented_error(html):
    try:
        check(page_from_html(html, uri="h"))
    except ClaimcheckError as error:
        assert "\n" not in str(error)


@given(st.one_of(st.binary(max_size=400), MARKUP.map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_any_bytes_give_exact_blocks_or_a_documented_error(data):
    try:
        check(page_from_html(data, uri="h", content_type="text/html"))
    except ClaimcheckError:
        return
