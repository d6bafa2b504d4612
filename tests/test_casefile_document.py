"""What the case file says: the schedule, evidence and decisions as people made them, and hostile text as text only."""

import csv
import hashlib
import io
import json
import re
import socket

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from case_store import HOST, HOSTILE, MADE, SAID, make_case, review_case
from claimcheck.errors import ClaimcheckError
from claimcheck.records import Label
from claimcheck.review.casefile import CaseOptions, gather_case, write_case
from claimcheck.review.casefile.document import to_html
from claimcheck.review.casefile.pdf import to_pdf
from claimcheck.review.casefile.tables import cell

CONFIRMED = ("Ketamine is FDA", "One infusion", "Ketamine is not addictive", "Yes:", "=HYPER")
LEFT = ("The effects", "Blood", "Most of", "Insurance")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    case = make_case(f"sqlite:///{folder / 'store.sqlite'}", folder)
    review_case(case)
    written = write_case(case.store, HOST, folder / "out", CaseOptions(reference="AG-1", at=MADE))
    anonymous = write_case(case.store, HOST, folder / "anonymous", CaseOptions(anonymous=True, at=MADE, pdf=False))
    with case.store.session() as session:
        record = gather_case(session, HOST, CaseOptions(at=MADE))
    yield written.path, anonymous.path, record
    case.store.close()


def read(folder, name):
    return (folder / name).read_bytes().decode("utf-8")


def sentence(words):
    return next(said[0] for said in SAID if said[0].startswith(words))


def rows(folder):
    return list(csv.DictReader(io.StringIO(read(folder, "findings.csv"), newline="")))


def spaced(text):
    return re.sub(r"\s+", " ", text)


def pdf_text(data):
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    pages = [page.get_textpage().get_text_bounded() for page in document]
    # A line that ends in a hyphen of its own comes back with a mark of pdfium's.
    return [spaced(page.replace("\ufffe", "-")) for page in pages]


def test_the_schedule_quotes_verbatim_in_page_order(made):
    schedule = HTMLParser(read(made[0], "case.html")).css_first("#schedule")
    quotes = [node.text() for node in schedule.css("blockquote")]
    assert quotes == [f"“{sentence(words)}”" for words in CONFIRMED]
    assert [node.text() for node in schedule.css(".number")] == ["1.", "2.", "3.", "4.", "5."]


def test_each_quotation_stands_under_title_address_date_and_heading(made):
    text = spaced(HTMLParser(read(made[0], "case.html")).css_first("#schedule").text())
    order = [
        "“Clearwater Ketamine Center | Relief that lasts”", f"https://{HOST}/",
        "last visited 30 November 2026 at 10:15:00 UTC",
        "Under the heading “Is ketamine right for you?”:", "“Ketamine is FDA", "Under the heading “Safety first”:",
        "“Ketamine is not addictive", "“Frequently asked “questions” <b>2026</b>”",
        "last visited 30 November 2026 at 10:15:03 UTC",
        "Under the heading “Does it work better than antidepressants?”:", "“Yes: ketamine",
    ]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_what_nobody_confirmed_is_left_out_and_counted(made):
    folder, _, record = made
    for name in ("case.html", "findings.csv", "findings.jsonl", "claimreview.jsonld"):
        assert not [words for words in LEFT if sentence(words) in read(folder, name)], name
    left = record.left_out
    assert (left.undecided, left.waiting, left.not_a_claim, left.unflagged, left.conflict) == (1, 1, 1, 1, 0)
    assert len(record.findings) + sum(getattr(left, name) for name in left.__slots__) == len(SAID)
    assert "2 flagged and not decided yet" in HTMLParser(read(folder, "case.html")).css_first("header").text()


def test_a_verdict_that_reviewers_changed_is_theirs_not_the_programs(made):
    finding = next(item for item in made[2].findings if item.quote.startswith("Yes:"))
    assert (finding.label, finding.judged.label) == (Label.OVERSTATED, Label.SUPPORTED)
    article = spaced(HTMLParser(read(made[0], "case.html")).css_first(f"#finding-{finding.number}").text())
    assert "which had said “Supported”: the verdict is milder than the evidence. No trial compared it" in article
    assert "It was not a flag of the program: a person raised it." in article


def test_a_conflict_shows_both_reviews_and_the_adjudication_with_roles(made):
    finding = next(item for item in made[2].findings if item.quote.startswith("Ketamine is not"))
    assert [(d.person, d.role, d.round, d.label) for d in finding.decisions] == [
        ("Ann Able (ann)", "reviewer", "first", "contradicted"),
        ("Bob <Baker> (bob)", "reviewer", "second", "overstated"),
        ("Lena Lead (lead)", "lead", "adjudication", "contradicted"),
    ]
    text = spaced(HTMLParser(read(made[0], "case.html")).css_first(f"#finding-{finding.number}").text())
    assert "(reviewer) changed the verdict to “Overstated”" in text
    assert "second review, made without having seen the first." in text
    assert "Lena Lead (lead) (lead reviewer) confirmed the verdict “Contradicted”" in text


def test_a_role_is_the_one_at_the_time_of_the_decision(tmp_path):
    from claimcheck.review.accounts import set_role

    case = make_case(f"sqlite:///{tmp_path / 'store.sqlite'}", tmp_path)
    review_case(case)
    with case.store.session() as session:
        set_role(session, None, "lead", "admin")
        set_role(session, None, "ann", "lead")
        record = gather_case(session, HOST, CaseOptions(at=MADE))
    case.store.close()
    assert {d.role for finding in record.findings for d in finding.decisions if "ann" in d.person} == {"reviewer"}


def test_struck_evidence_is_shown_as_struck_and_not_cited_by_the_machine_forms(made):
    finding = next(item for item in made[2].findings if item.quote.startswith("One infusion"))
    assert [item.status for item in finding.evidence] == ["cited", "struck"]
    article = HTMLParser(read(made[0], "case.html")).css_first(f"#finding-{finding.number}")
    assert "50 to 70 percent" in article.css_first(".struck").text()
    assert "50 to 70 percent" not in rows(made[0])[finding.number - 1]["evidence"]
    assert len(json.loads(read(made[0], "claimreview.jsonld"))[finding.number - 1]["citation"]) == 1


def test_hostile_text_is_text_in_the_document(made):
    html = read(made[0], "case.html")
    tree = HTMLParser(html)
    assert tree.css("script, b > script, iframe, img, object, link, form") == []
    assert HOSTILE in tree.css_first("#schedule").text()
    assert "=1+1 <b>see page 3</b>" in tree.body.text()
    assert "\u202e" not in html
    assert {
        node.attributes["href"].partition(":")[0] for node in tree.css("a") if node.attributes["href"][0] != "#"
    } == {"https"}


def test_the_policy_admits_this_style_and_nothing_else(made):
    tree = HTMLParser(read(made[0], "case.html"))
    policy = tree.css_first("meta[http-equiv]").attributes["content"]
    import base64

    digest = base64.b64encode(hashlib.sha256(tree.css_first("style").text().encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'none'; base-uri 'none'"
    assert not [node for node in tree.css("*") if "style" in node.attributes]


def test_the_pdf_says_what_the_html_says(made):
    folder = made[0]
    pages = pdf_text((folder / "case.pdf").read_bytes())
    text = " ".join(pages)
    for words in CONFIRMED:
        assert spaced(sentence(words)) in text, words
    for words in LEFT:
        assert spaced(sentence(words)) not in text, words
    for words in ("Integrity, not authenticity.", "Known error: of the program’s flags", "row 12 of the trail", "AG-1"):
        assert words in text
    assert [f"Page {number} of {len(pages)}" in page for number, page in enumerate(pages, 1)] == [True] * len(pages)
    assert all(f"Case file: {HOST} · AG-1" in page for page in pages[1:])


def test_the_same_document_gives_the_same_pdf(made):
    assert to_pdf(read(made[0], "case.html"), MADE) == (made[0] / "case.pdf").read_bytes()


@pytest.mark.parametrize("wanted", ["http://127.0.0.1:{port}/x", "file:///etc/hostname"])
def test_the_pdf_fetches_nothing(wanted):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = wanted.format(port=server.getsockname()[1])
        page = f'<html lang="en"><title>x</title><body><img alt="" src="{address}">text</body></html>'
        with pytest.raises(ClaimcheckError, match="outside itself"):
            to_pdf(page, MADE)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_spreadsheet_runs_no_cell(made):
    for row in rows(made[0]):
        for name, value in row.items():
            assert not value.startswith(("=", "+", "-", "@", "\t", "\r")), name
    assert rows(made[0])[4]["quote"] == "'" + HOSTILE
    assert rows(made[0])[1]["note"].startswith("'=1+1")
    assert [cell(text) for text in ("\t=1", "＝1", "2", "-5%")] == ["'=1", "'＝1", "2", "'-5%"]


def test_json_lines_hold_the_text_untouched(made):
    lines = [json.loads(line) for line in read(made[0], "findings.jsonl").splitlines()]
    assert [line["quote"] for line in lines] == [finding.quote for finding in made[2].findings]
    assert lines[1]["decisions"][0]["note"] == "=1+1 <b>see page 3</b>\u202e"
    assert [place["page"]["number"] for place in lines[2]["places"]] == [1, 2]


def test_claimreviews_are_as_schema_org_wants_them(made):
    reviews = json.loads(read(made[0], "claimreview.jsonld"))
    assert len(reviews) == 5
    for review, finding in zip(reviews, made[2].findings, strict=True):
        assert review["@context"] == "https://schema.org"
        assert review["@type"] == "ClaimReview"
        assert review["claimReviewed"] == finding.claim
        assert review["itemReviewed"]["appearance"]["url"].startswith(f"https://{HOST}/")
        rating = review["reviewRating"]
        assert rating["worstRating"] <= rating["ratingValue"] <= rating["bestRating"]
        assert rating["alternateName"].lower() == finding.label
        assert review["creativeWorkStatus"] == "Decided by people"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", review["datePublished"])
    assert len({review["@id"] for review in reviews}) == 5
    assert "<" not in read(made[0], "claimreview.jsonld")


def test_the_trail_can_be_checked_as_the_readme_says(made, monkeypatch):
    first, *lines = read(made[0], "trail.jsonl").splitlines()
    assert json.loads(first)["head"]["seq"] == 13
    for line in lines:
        row = json.loads(line)
        digest = row.pop("sha256")
        text = json.dumps(row, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == digest
    program = "\n".join(
        line[6:]
        for line in read(made[0], "README.txt").splitlines()
        if line.startswith(" " * 6) and "gunzip" not in line
    )
    code = program[program.index("import hashlib") :]
    printed = []
    monkeypatch.chdir(made[0])
    exec(compile(code, "README.txt", "exec"), {"print": lambda *values: printed.append(values)})  # noqa: S102 - the program that the case file prints
    assert printed == [(json.loads(line)["seq"], True) for line in lines]


def test_an_anonymous_file_names_nobody(made):
    folder = made[1]
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in {".gz", ".png"}:
            text = path.read_text(encoding="utf-8")
            for name in ("Ann Able", "Baker", "Lena", '"ann"', '"bob"', "(ann)", "(lead)"):
                assert name not in text, (path.name, name)
    text = HTMLParser(read(folder, "case.html")).body.text()
    assert "Person A (reviewer) confirmed" in spaced(text)
    assert "Person C (lead reviewer) confirmed" in spaced(text)
    assert {json.loads(line)["account_id"] for line in read(folder, "trail.jsonl").splitlines()[1:]} == {None}


def test_the_document_claims_integrity_only(made):
    text = spaced(HTMLParser(read(made[0], "case.html")).css_first("#about").text())
    assert "They do not prove that the server sent these bytes" in text
    assert "nothing in it is medical or legal advice" in text


def test_coverage_counts_every_page_of_the_scan(made):
    cells = [
        [cell.text() for cell in row.css("td")] for row in HTMLParser(read(made[0], "case.html")).css("#coverage tr")
    ]
    assert made[2].coverage.found == 8
    assert ["2", "read and checked", ""] in cells
    assert ["3", "not fetched, on purpose", "robots.txt does not allow it"] in cells
    assert ["2", "could not be read", "the server has no such page (404)"] in cells


def test_the_page_is_quoted_even_when_a_claim_stands_on_many(made):
    from dataclasses import replace

    record = made[2]
    many = replace(record.findings[0], pages=40)
    html = to_html(replace(record, findings=(many, *record.findings[1:])))
    assert "also on 39 other pages" in spaced(HTMLParser(html).body.text())
