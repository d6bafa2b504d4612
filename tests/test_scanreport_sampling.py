"""Samples for misses: formulas against exact ones, a draw that can be repeated, answers read back."""

import csv
import math

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.cli import cli
from claimcheck.errors import UsageError
from claimcheck.scan.intervals import bound_after_none, sample_size, wilson
from claimcheck.scan.sampling import SAMPLE_COLUMNS, SampleOptions, draw_sample, estimate_misses, sample_rows
from claimcheck.scan.selection import latest_scan_ids
from claimcheck.store.models import FindingRow
from store_rows import fill, new_store


def none_found(population, missed, drawn):
    return math.comb(population - missed, drawn) / math.comb(population, drawn)


@given(st.integers(1, 400), st.floats(0.01, 0.5))
@settings(max_examples=60)
def test_the_size_is_the_smallest_that_bounds_the_rate(population, rate):
    drawn = sample_size(population, rate)
    missed = math.floor(population * rate + 1e-9) + 1
    if missed > population:
        assert drawn == population
        return
    assert none_found(population, missed, drawn) <= 0.05 + 1e-9
    assert drawn == 1 or none_found(population, missed, drawn - 1) > 0.05 - 1e-9


def test_the_size_nears_the_rule_of_three():
    assert sample_size(10_000_000, 0.01) == pytest.approx(3 / 0.01, rel=0.01)
    assert (sample_size(0, 0.05), sample_size(10, 0.05)) == (0, 10)


@given(st.integers(1, 300), st.data())
@settings(max_examples=60)
def test_the_bound_after_none_is_the_last_rate_left_open(population, data):
    drawn = data.draw(st.integers(1, population))
    missed = round(bound_after_none(population, drawn) * population)
    assert none_found(population, missed, drawn) > 0.05 - 1e-9
    assert missed == population or none_found(population, missed + 1, drawn) <= 0.05 + 1e-9


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    # Newcombe RG. Stat Med 1998;17:857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_as_published(count, total, low, high):
    found = wilson(count, total)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_impossible_counts_are_refused():
    for wrong in ((1, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="expected a count"):
            wilson(*wrong)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = new_store(tmp_path_factory.mktemp("store") / "scans.db")
    fill(opened, sites=3, pages=5, claims=60)
    yield opened
    opened.close()


def draw(store, **options):
    with store.session() as session:
        return draw_sample(session, latest_scan_ids(session), SampleOptions(**options))


def test_only_unflagged_claims_are_drawn_and_the_seed_decides(store):
    sample = draw(store)
    with store.session() as session:
        labels = {session.get(FindingRow, number).label for number in sample.drawn["all"]}
    assert labels <= {"supported", "unverified"}
    assert sample.size == sample_size(sample.population, 0.05)
    assert draw(store) == sample
    assert draw(store, seed=2) != sample


@pytest.mark.parametrize("stratify", ["site", "topic"])
def test_each_stratum_has_its_share(store, stratify):
    sample = draw(store, stratify=stratify, size=40)
    assert sample.size == 40
    assert len(sample.sizes) > 1
    for name, size in sample.sizes.items():
        assert abs(len(sample.drawn[name]) - 40 * size / sample.population) < 1


def test_reviewers_do_not_see_the_verdict(store):
    with store.session() as session:
        ids = latest_scan_ids(session)
        rows = list(sample_rows(session, ids, draw_sample(session, ids, SampleOptions(size=30))))
    assert len({row["finding_id"] for row in rows}) == 30
    assert all(tuple(row) == SAMPLE_COLUMNS for row in rows)
    assert not {"label", "confidence", "severity", "explanation"} & set(SAMPLE_COLUMNS)
    assert all(row["reviewer_label"] == "" and row["sentence"] for row in rows)


@pytest.mark.parametrize("wrong", [{"max_rate": 0}, {"confidence": 1}, {"stratify": "moon"}])
def test_options_that_make_no_sense_are_refused(store, wrong):
    with pytest.raises(UsageError):
        draw(store, **wrong)


def test_a_store_without_unflagged_claims_has_no_sample(tmp_path):
    opened = new_store(tmp_path / "new.db")
    with opened.session() as session, pytest.raises(UsageError, match="no unflagged claim"):
        draw_sample(session, [], SampleOptions())
    opened.close()


@pytest.fixture
def answered(store, tmp_path):
    """Return a function that exports a sample by the command and answers its rows."""
    database = store.engine.url.database

    def made(*answers):
        path = tmp_path / "sample.csv"
        arguments = ["export", "--sample", "--sample-size", "10", "--store", database, "--output", str(path)]
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, done.stderr
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        for row, answer in zip(rows, answers, strict=False):
            row["reviewer_label"] = answer
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, SAMPLE_COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return made


def test_answers_give_the_rate_of_misses(answered):
    found = estimate_misses(answered("supported", "Overstated", "contradicted", "not a claim", "unverified", ""))
    assert (found.drawn, found.answered, found.misses, found.bound) == (10, 5, 2, None)
    assert found.rate == wilson(2, 5)
    assert found.expected == (round(found.rate.low * found.population), round(found.rate.high * found.population))


def test_no_miss_gives_a_bound(answered):
    found = estimate_misses(answered(*["supported"] * 10))
    assert (found.misses, found.bound) == (0, bound_after_none(found.population, 10))


def test_a_sample_without_answers_or_with_wrong_ones_is_refused(answered, tmp_path):
    with pytest.raises(UsageError, match="no row has a reviewer_label"):
        estimate_misses(answered())
    with pytest.raises(UsageError, match=r"line 2: found 'wrong'"):
        estimate_misses(answered("wrong"))
    path = answered("supported")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[1]]))
    with pytest.raises(UsageError, match="is there twice"):
        estimate_misses(path)
    for text in ("", "a,b\n1,2\n", "finding_id,population,reviewer_label\nx,1,\n", "\xff"):
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(UsageError):
            estimate_misses(path)
    with pytest.raises(UsageError, match="cannot be read"):
        estimate_misses(tmp_path / "none.csv")


def test_the_report_says_how_many_flags_were_missed(answered, store):
    arguments = ["report", "--store", store.engine.url.database, "--reviewed", str(answered("overstated", "supported"))]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0
    assert "missed flags: 1 of 2 reviewed (50.0%" in done.stderr
    assert "How many flags were missed" in done.stdout
