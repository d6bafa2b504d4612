"""The shipped models and corpus judged by what they do: claims the handbook decides, records, order, offsets."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimcheck import Checker, Label, Settings, SourceError, UsageError
from claimcheck.report import to_json


@pytest.fixture(scope="module")
def checker():
    return Checker.load(Settings())


# Wordings of our own for cases the handbook decides outright; none stands in the corpus or in any gold.
DECIDED = [
    ("Ketamine is approved by the FDA for treating post-traumatic stress.", Label.CONTRADICTED),
    ("There is absolutely no risk of becoming addicted to ketamine.", Label.CONTRADICTED),
    ("One infusion permanently cures depression in every patient.", Label.CONTRADICTED),
    ("The FDA has approved ketamine as an anesthetic; for depression it is prescribed off-label.", Label.SUPPORTED),
    ("Ketamine acts on NMDA receptors and the glutamate system.", Label.SUPPORTED),
    ("Nausea, dizziness and a brief rise in blood pressure can occur during an infusion.", Label.SUPPORTED),
    ("Ketamine is a proven and highly effective treatment for anxiety, OCD and addiction.", Label.OVERSTATED),
    ("Ketamine rewires your brain and repairs damaged neurons.", Label.OVERSTATED),
]


@pytest.mark.parametrize(("text", "expected"), DECIDED)
def test_claims_that_the_handbook_decides_outright(checker, text, expected):
    assert checker.check_claims([text]).verdicts[0].label is expected


def test_every_verdict_but_unverified_names_evidence_and_probabilities_sum_to_one(checker):
    report = checker.check_claims([text for text, _ in DECIDED])
    assert len(report.verdicts) == len(DECIDED)
    for verdict in report.verdicts:
        assert sum(verdict.probabilities.values()) == pytest.approx(1, abs=0.001)
        assert verdict.label is Label.UNVERIFIED or verdict.evidence
        assert verdict.confidence == verdict.probabilities[verdict.label]


def test_claims_keep_the_order_of_their_lines_and_skip_blank_ones(checker):
    report = checker.check_claims(["First: ketamine is a drug.", "", "  ", "Second: ketamine is old."])
    assert [v.claim.text for v in report.verdicts] == ["First: ketamine is a drug.", "Second: ketamine is old."]


def test_a_verdict_does_not_depend_on_its_neighbours(checker):
    alone = checker.check_claims([DECIDED[0][0]]).verdicts[0]
    among = checker.check_claims([text for text, _ in DECIDED]).verdicts[0]
    assert alone.label is among.label
    # Batches are padded, and int8 activations are scaled a batch: the last digits may move.
    assert alone.confidence == pytest.approx(among.confidence, abs=0.1)


def test_a_page_gives_claims_whose_offsets_are_their_sentences(checker):
    report = checker.check_text("Welcome to our clinic!\n\nKetamine has no side effects. Call us today.\n")
    assert [v.label for v in report.verdicts] == [Label.CONTRADICTED]
    claim = report.verdicts[0].claim
    assert report.page.text[claim.start : claim.end] == claim.sentence == "Ketamine has no side effects."
    assert report.sentence_labels[0] is Label.NOT_A_CLAIM


def test_words_that_overstate_are_offsets_into_the_page(checker):
    text = "Some words before.\n\nKetamine is a guaranteed, permanent cure for depression.\n"
    report = checker.check_text(text)
    spans = [span for verdict in report.verdicts for span in verdict.strong_words]
    assert spans
    assert all(text[s.start : s.end].strip() for s in spans)
    assert {text[s.start : s.end].lower() for s in spans} <= {"guaranteed", "permanent", "cure"}


def test_a_repeated_sentence_is_judged_once_and_found_each_time(checker, monkeypatch):
    asked = []
    judge = checker.stages.judge.judge
    monkeypatch.setattr(type(checker.stages.judge), "judge", lambda _, items: asked.append(len(items)) or judge(items))
    line = "Ketamine is a guaranteed cure for depression."
    report = checker.check_text(f"{line}\n\nKetamine can cause nausea.\n\n{line}\n")
    assert asked == [2]
    flagged = [v for v in report.verdicts if v.claim.sentence == line]
    assert len(flagged) == 2
    assert {report.page.text[v.claim.start : v.claim.end] for v in flagged} == {line}
    words = [{report.page.text[s.start : s.end] for s in v.strong_words} for v in flagged]
    assert words[0] == words[1] != set()


def test_the_oracle_of_retrieval_takes_records_by_id(checker):
    record = checker.stages.corpus.records[0]
    verdict = checker.check_claims(["Ketamine may help."], evidence=[[record.id]]).verdicts[0]
    assert [e.record.id for e in verdict.evidence] == [record.id]
    with pytest.raises(UsageError, match="no record"):
        checker.check_claims(["Ketamine may help."], evidence=[["no-such-record"]])
    with pytest.raises(UsageError, match="expected one list"):
        checker.check_claims(["Ketamine may help."], evidence=[])


def test_the_report_names_what_made_it(checker):
    versions = checker.check_claims(["Ketamine may help."]).versions
    assert versions["corpus"]["sha256"] == checker.stages.corpus.sha256
    assert set(versions["models"]) == {"encoder", "reader-fast", "reader-accurate", "verdict", "claims"}
    assert versions["settings_sha256"] == checker.settings.digest()
    assert dataclasses.replace(checker.settings, min_confidence=0.9).digest() != checker.settings.digest()


def test_a_batch_loses_nothing(checker, tmp_path):
    good = tmp_path / "good.txt"
    good.write_text("Ketamine has no side effects at all.\n")
    found = list(checker.check_many([str(tmp_path / "missing.txt"), str(good)]))
    assert isinstance(found[0], SourceError)
    assert found[1].verdicts[0].label is Label.CONTRADICTED


def test_an_unknown_pack_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(UsageError, match="ketamine"):
        Checker.load(Settings(pack="no-such-pack"))


def test_another_pack_is_data_alone():
    checker = Checker.load(Settings(pack="regenerative"))
    verdict = checker.check_claims(["Exosome injections are FDA approved for knee pain."]).verdicts[0]
    assert verdict.label is Label.CONTRADICTED
    assert verdict.evidence[0].record in checker.stages.corpus.records


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400))
def test_any_text_gives_a_report_or_a_documented_error(checker, text):
    try:
        report = checker.check_text(text)
    except SourceError:
        return
    starts = [v.claim.start for v in report.verdicts]
    assert starts == sorted(starts)
    assert all(report.page.text[s.start : s.end] == s.text for s in report.sentences)
    assert to_json([report])
