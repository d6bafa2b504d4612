"""Letters: when an answer is due, and what became of each claim that they cite."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from claimcheck.cli import cli
from claimcheck.errors import UsageError
from claimcheck.scan.clock import EveryDay, WorkingDays, calendar_named, days_between, due_date
from claimcheck.scan.diff_report import clock_words, letter_headline, letter_page
from claimcheck.scan.followup import LetterTerms, follow_up, list_letters, record_letter
from claimcheck.store.models import FindingRow
from store_rows import START, PageSpec, SaidClaim, add_scan, new_store, versions

HOST = "clinic.example"
HOME, FAQ, PAIN, NEWS = (f"https://{HOST}/{path}" for path in ("", "faq", "pain", "news"))
FDA = SaidClaim("Ketamine is FDA approved for depression.", "contradicted", "approval_legal")
CURE = SaidClaim("Infusions cure every migraine for good.", "contradicted", "efficacy_pain")
LASTS = SaidClaim("Relief lasts for years after one course.", "overstated", "durability")
PRICE = SaidClaim("A visit costs about four hundred dollars.", "supported", "cost_insurance")
SAFE = SaidClaim(
    "Ketamine infusions are completely safe and have no side effects.", "contradicted", "safety_side_effects"
)
SAFER = SaidClaim("Ketamine infusions are very safe and have few side effects.", "overstated", "safety_side_effects")
BRAIN = SaidClaim("Treatment rebuilds brain tissue overnight.", "overstated", "mechanism")
SENT = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("sent", "days", "calendar", "due"),
    [
        ("2026-11-02", 15, "working", "2026-11-24"),  # Veterans Day is on a Wednesday between
        ("2026-11-02", 15, "all", "2026-11-17"),
        ("2026-07-02", 1, "working", "2026-07-06"),  # Independence Day, a Saturday, is observed on Friday
        ("2026-12-24", 2, "working", "2026-12-29"),  # Christmas and a weekend
        ("2027-12-30", 1, "working", "2028-01-03"),  # New Year's Day 2028, a Saturday, is observed in 2027
        ("2026-11-07", 1, "working", "2026-11-09"),  # sent on a Saturday
    ],
)
def test_the_due_date_counts_from_the_day_after(sent, days, calendar, due):
    assert due_date(date.fromisoformat(sent), days, calendar_named(calendar)).isoformat() == due


def test_days_between_are_those_that_count_with_their_sign():
    friday, monday = date(2026, 11, 6), date(2026, 11, 9)
    assert (days_between(friday, monday, WorkingDays()), days_between(friday, monday, EveryDay())) == (1, 3)
    assert days_between(monday, friday, WorkingDays()) == -1
    assert days_between(monday, monday, WorkingDays()) == 0


def test_a_due_date_out_of_all_calendars_is_refused():
    with pytest.raises(UsageError, match="take fewer days"):
        due_date(date(9999, 12, 30), 5, EveryDay())


def test_an_unknown_calendar_is_refused():
    with pytest.raises(UsageError, match="expected one of working, all"):
        calendar_named("lunar")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "scans.db")


@pytest.fixture
def store(path):
    opened = new_store(Path(path))
    with opened.session() as session:
        pages = [
            PageSpec(HOME, [FDA, PRICE]),
            PageSpec(FAQ, [LASTS]),
            PageSpec(PAIN, [CURE, SAFE]),
            PageSpec(NEWS, [BRAIN]),
        ]
        add_scan(session, HOST, pages)
    yield opened
    opened.close()


def rescan(store, day, version=None):
    """Add the scan in which each cited claim has another fate."""
    pages = [
        PageSpec(HOME, [PRICE, CURE]),
        PageSpec(FAQ, state="failed", reason="timeout", detail="no answer within 30 seconds"),
        PageSpec(PAIN, [SAFER]),
        PageSpec(NEWS, [BRAIN]),
    ]
    with store.session() as session:
        return add_scan(session, HOST, pages, at=START.replace(month=11, day=day), version=version)


def send(store, **terms):
    with store.session() as session:
        return record_letter(session, HOST, LetterTerms(SENT, **terms), [], flagged=True)


def stand(store, letter, today):
    with store.session() as session:
        return follow_up(session, letter.letter_id, today)


def test_a_letter_cites_the_flagged_claims_and_has_a_due_date(store):
    letter = send(store, reference="AG-17")
    assert (letter.cited, letter.due_on.isoformat()) == (5, "2026-11-24")
    with store.session() as session:
        assert list_letters(session) == [letter]
        assert list_letters(session, HOST) == [letter]


def test_each_cited_claim_has_its_fate(store):
    letter = send(store)
    rescan(store, 26)
    item = stand(store, letter, date(2026, 11, 27))
    assert {cited.claim.text: cited.status for cited in item.claims} == {
        FDA.text: "removed", LASTS.text: "not_seen", CURE.text: "moved", SAFE.text: "reworded",
        BRAIN.text: "still_there",
    }  # fmt: skip
    reworded = next(cited for cited in item.claims if cited.status == "reworded")
    assert (reworded.now.text, reworded.now.label) == (SAFER.text, "overstated")
    assert letter_headline(item) == (
        "Of 5 cited claims: 1 still there, 1 moved to other pages, 1 reworded, 1 removed and 1 not seen. "
        "Of those reworded, 1 is still flagged."
    )


def test_without_a_scan_since_the_letter_claims_wait(store):
    item = stand(store, send(store), date(2026, 11, 20))
    assert item.after is None
    assert {cited.status for cited in item.claims} == {"waiting"}


def test_a_scan_from_before_the_letter_is_no_answer(store):
    with store.session() as session:
        add_scan(session, HOST, [PageSpec(HOME, [PRICE])], at=START + timedelta(days=10))
        first = session.scalars(FindingRow.__table__.select().with_only_columns(FindingRow.id)).first()
        letter = record_letter(session, HOST, LetterTerms(SENT), [first])
    assert stand(store, letter, date(2026, 11, 20)).after is None


@pytest.mark.parametrize(
    ("scanned", "today", "left", "is_overdue", "is_rescanned", "words"),
    [
        (10, date(2026, 11, 20), 2, False, False, "2 working days left; re-scan due after 2026-11-24"),
        (10, date(2026, 11, 24), 0, False, False, "due today; re-scan due after 2026-11-24"),
        (24, date(2026, 11, 25), -1, True, False, "1 working day overdue; a re-scan is due"),
        (25, date(2026, 11, 27), -2, True, True,
         "the due date was 2 working days ago, and the site was scanned again after it"),
    ],
)  # fmt: skip
def test_the_clock_and_the_re_scan(store, scanned, today, left, is_overdue, is_rescanned, words):
    letter = send(store)
    rescan(store, scanned)
    item = stand(store, letter, today)
    assert (item.days_left, item.is_overdue, item.is_rescanned) == (left, is_overdue, is_rescanned)
    assert clock_words(item) == words


def test_a_verdict_that_another_version_changed_is_said_to_be_that(store):
    letter = send(store)
    pages = [PageSpec(NEWS, [SaidClaim(BRAIN.text, "supported", "mechanism")])]
    with store.session() as session:
        add_scan(session, HOST, pages, at=START.replace(month=11, day=26), version=versions(models="00" * 32))
    item = stand(store, letter, date(2026, 11, 27))
    brain = next(cited for cited in item.claims if cited.claim.text == BRAIN.text)
    assert brain.notes == ("Now judged supported: models changed, not the claim",)


@pytest.mark.parametrize(
    ("findings", "message"),
    [([], "--flagged"), ([9999], "no finding 9999"), ([1, 9999], "no finding 9999")],
)
def test_a_letter_cites_findings_of_the_site_alone(store, findings, message):
    with store.session() as session, pytest.raises(UsageError, match=message):
        record_letter(session, HOST, LetterTerms(SENT), findings)


def test_a_letter_does_not_cite_two_scans(store):
    rescan(store, 10)
    with store.session() as session, pytest.raises(UsageError, match="of one scan"):
        numbers = list(session.scalars(FindingRow.__table__.select().with_only_columns(FindingRow.id)))
        record_letter(session, HOST, LetterTerms(SENT), [numbers[0], numbers[-1]])


def test_a_letter_that_is_not_the_sites_is_not_found(store):
    letter = send(store)
    with store.session() as session:
        add_scan(session, "other.example", [PageSpec("https://other.example/", [FDA])])
        with pytest.raises(UsageError, match="found no letter"):
            follow_up(session, letter.letter_id, SENT, site="other.example")


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_the_commands_record_list_and_follow_up(store, path):
    done = run(
        "letter", HOST, "--sent", "2026-11-02", "--claims", "1, 3", "--reference", "=A1\x1b[31m", "--store", path
    )
    assert done.exit_code == 0
    assert "2 claims of scan 1, sent 2026-11-02, answer due 2026-11-24 (15 working days)" in done.stdout
    assert "2026-11-24" in run("letter", "list", "--store", path).stdout
    rescan(store, 26)
    common = ("diff", HOST, "--letter", 1, "--today", "2026-11-27", "--store", path)
    assert "the site was scanned again after it" in " ".join(run(*common).stdout.split())
    values = json.loads(run(*common, "--format", "json").stdout)
    assert {claim["status"] for claim in values["claims"]} == {"removed", "not_seen"}
    assert run(*common, "--format", "csv").stdout_bytes.count(b"\r\n") == 3
    page = run(*common, "--format", "html").stdout
    assert "\x1b" not in page
    assert "days past the due date" in " ".join(page.split())


@pytest.mark.parametrize(
    "wrong",
    [
        ("--flagged",),
        ("--sent", "2026-11-02"),
        ("--sent", "2026-11-02", "--flagged", "--claims", "1"),
        ("--sent", "2026-11-02", "--claims", "one"),
        ("--sent", "2026-11-02", "--flagged", "--days", "0"),
        ("--sent", "2.11.2026", "--flagged"),
    ],
)
def test_a_letter_that_makes_no_sense_is_refused(store, path, wrong):
    assert run("letter", HOST, *wrong, "--store", path).exit_code == 2
    with store.session() as session:
        assert list_letters(session) == []


def test_a_letters_page_escapes_what_came_from_outside(store):
    letter = send(store, reference="<img src=x>")
    page = letter_page(stand(store, letter, SENT))
    assert "<img" not in page
