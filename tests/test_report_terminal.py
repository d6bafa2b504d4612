"""The terminal report: the outcome first, the worst claims on top, plain in a pipe, safe from a page's text."""

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from claimcheck.report import Failure, print_terminal
from claimcheck.report.shown import one_line
from factories import APPROVAL, HARMS, clinic_report, hostile_report, report_of, said, small_report


def printed(outcome, *, width=80, everything=False, terminal=False, encoding="utf-8", **options):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    console = Console(file=stream, width=width, force_terminal=terminal, highlight=False, _environ={}, **options)
    print_terminal(outcome, console, everything=everything)
    stream.flush()
    return raw.getvalue().decode(encoding)


def joined(text):
    return " ".join(text.split())


def test_title_source_outcome_and_counts_open_the_report():
    lines = printed(clinic_report()).splitlines()
    assert lines[0] == "Ketamine Therapy | Harbour Light Wellness"
    assert lines[1].startswith("https://clinic.example/ketamine")
    head = joined("\n".join(lines[:11]))
    assert "7 contradict the evidence or the law and 7 go further than the evidence." in head
    for words in ("✗ contradicted 7", "▲ overstated 7", "? unverified 4", "✓ supported 8"):
        assert words in head


def test_the_worst_claims_come_first_and_supported_ones_last():
    text = printed(clinic_report())
    places = [
        text.index(words)
        for words in ("(over 99%)", "✗ CONTRADICTED  very likely (91%)", "▲ OVERSTATED", "Supported by")
    ]
    assert places == sorted(places)


def test_a_flagged_claim_shows_all_that_a_reader_needs():
    text = joined(printed(clinic_report()))
    for words in (
        "“Ketamine infusions work for 90% of patients.”",
        "On the page: “Our infusions work for 90% of patients within an hour.”",
        "Trials found a response in 50 to 70 percent, in depression that had resisted treatment.",
        "Goes too far: it makes the effect larger than was measured.",
        "Numbers: The claim says “90%”; the evidence gives 50% to 70%: above that range.",
        "[moderate certainty, meta-analysis]",
        "Limits: Short term: most had relapsed by two weeks without further infusions.",
        "J Example Psychiatry 2019. https://doi.org/10.1000/jep.2019.014",
        "⚑ needs review",
    ):
        assert words in text


def test_page_findings_are_named_explained_and_quoted():
    text = joined(printed(clinic_report()))
    assert "⚑ Guarantee of a result: The page promises a result" in text
    assert "“Ketamine infusions near you: guaranteed relief from depression.”" in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_none_ends_in_blanks(width):
    for line in printed(clinic_report(), width=width, everything=True).splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_a_narrow_terminal_loses_no_word():
    wide, narrow = (printed(clinic_report(), width=width, everything=True) for width in (200, 40))

    def without_bars(text):
        return re.sub(r"[\s█]+", "", text)

    assert without_bars(narrow) == without_bars(wide)


def test_a_pipe_gets_plain_text():
    assert "\x1b" not in printed(clinic_report())


def test_a_terminal_gets_colours_and_links():
    text = printed(clinic_report(), terminal=True, color_system="truecolor")
    assert "\x1b[1;31m✗ CONTRADICTED" in text
    assert re.search(r"\x1b\]8;[^;]*;https://doi\.org/10\.1000/jep\.2019\.014\x1b\\", text)


def test_no_colour_means_no_colour():
    text = printed(clinic_report(), terminal=True, color_system="truecolor", no_color=True)
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", text) for code in found.split(";")}
    assert codes
    assert codes <= {"", "0", "1", "2", "3", "4"}  # reset, bold, dim, italic, underline


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_of_a_hostile_page_reaches_the_terminal_raw(terminal):
    text = printed(hostile_report(), everything=True, terminal=terminal, color_system="truecolor" if terminal else None)
    ours = re.compile(r"\x1b\[[\d;]*m|\x1b\]8;(?:id=\d+)?;(?:https?://[\x21-\x7e]*)?\x1b\\")
    rest = ours.sub("", text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", rest)
    assert "evil.example\x07" not in text
    assert not re.search(r"\x1b\]8;[^;]*;https://evil", text)
    assert "[bold red]markup[/]" in joined(rest)  # shown, not obeyed
    assert ":smile:" in rest


def test_a_terminal_that_knows_ascii_only_gets_ascii_signs():
    report = small_report(("Ketamine cures.", "contradicted", 0.9), ("It may help.", "supported", 0.9))
    text = printed(report, encoding="ascii")
    assert "x CONTRADICTED" in text
    assert "+ It may help." in text


def test_a_huge_page_is_cut_and_says_how_much_is_left_out():
    verdicts = [(f"Claim number {i} cures.", "contradicted", 0.9) for i in range(75)]
    verdicts += [(f"Fair claim number {i}.", "supported", 0.9) for i in range(40)]
    report = small_report(*verdicts)
    text = printed(report)
    assert "… and 45 more that go too far; --all shows everything." in text
    assert "… and 25 more supported; --all shows everything." in text
    whole = printed(report, everything=True)
    assert "--all" not in whole
    for words, _, _ in verdicts:
        assert words in whole


def test_more_evidence_is_counted_and_shown_on_demand():
    report = small_report(("Ketamine cures.", "contradicted", 0.9, {"records": (APPROVAL, HARMS)}))
    assert "(1 more piece of evidence: --all)" in printed(report)
    assert HARMS.limits not in joined(printed(report))
    assert HARMS.limits in joined(printed(report, everything=True))


def test_a_page_without_claims_says_so():
    text = printed(report_of([said("Welcome to our clinic.")]))
    assert "No checkable claim was found on this page." in text
    assert "Claims that go too far" not in text


def test_it_ends_with_what_it_is_not_and_the_versions():
    text = joined(printed(clinic_report()))
    assert "Not medical or legal advice." in text
    assert "claimcheck 0.1.0 · corpus pack ketamine · corpus records 312 · corpus sha256 5f5f5f5f5f5f ·" in text


def test_a_failed_source_is_one_line():
    failure = Failure("url", "https://x.example/\x1b[2J", "fetch-failed", "no answer;\ntry again")
    assert printed(failure) == one_line(failure.uri) + ": no answer; try again\n"


def test_support_from_a_label_without_a_journal_is_named():
    report = small_report(("Ketamine is an anesthetic.", "supported", 0.9))
    verdict = report.verdicts[0]
    source = replace(APPROVAL.source, journal="", authors="Example Agency.", year=2024)
    evidence = replace(verdict.evidence[0], record=replace(APPROVAL, source=source))
    text = printed(replace(report, verdicts=(replace(verdict, evidence=(evidence,)),)))
    assert "Example Agency 2024 · " in text


def test_what_was_not_checked_for_its_language_is_said():
    report = clinic_report()
    assert "another language" not in joined(printed(report))
    coverage = replace(report.page.coverage, reasons_dropped={"other-language": 1331})
    foreign = replace(report, page=replace(report.page, coverage=coverage))
    assert "1,331 characters in another language were not checked." in joined(printed(foreign))
