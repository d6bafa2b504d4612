"""Labelled rows: what is read, what is refused with its line, what is left out and counted."""

import hashlib
import json

import pytest

from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.errors import UnreadableError, UsageError
from claimcheck.evaluate.rows import benchmark_rows, read_dataset
from corpus_packs import set_field, write_pack

CLAIM = {"text": "Tea may help.", "label": "supported"}
UNIT = {"file": "a.txt", "start": 0, "end": 4, "label": "supported"}


def written(tmp_path, *rows, name="rows.jsonl"):
    path = tmp_path / name
    path.write_text(
        "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8"
    )
    return path


def test_claims_pairs_and_units_are_told_apart_by_their_fields(tmp_path):
    pair = {"claim": "Tea helps.", "evidence": "It did not.", "label": "not_enough"}
    assert [read_dataset(written(tmp_path, row)).kind for row in (CLAIM, pair, UNIT)] == ["claims", "pairs", "units"]


def test_the_digest_is_that_of_the_file_and_changes_with_it(tmp_path):
    path = written(tmp_path, CLAIM)
    first = read_dataset(path).sha256
    assert first == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_dataset(written(tmp_path, CLAIM | {"label": "overstated"})).sha256 != first


def test_rows_are_resampled_by_domain_only_when_every_row_has_one(tmp_path):
    rows = [CLAIM | {"domain": name} for name in ("a.example", "b.example", "a.example")]
    by_domain = read_dataset(written(tmp_path, *rows))
    assert (by_domain.unit, [row.group for row in by_domain.claims]) == (
        "domain",
        ["a.example", "b.example", "a.example"],
    )
    mixed = read_dataset(written(tmp_path, *rows, CLAIM))
    assert mixed.unit == "row"
    assert len({row.group for row in mixed.claims}) == 4


def test_rows_labelled_not_a_claim_are_left_out_of_claims_and_counted(tmp_path):
    dataset = read_dataset(written(tmp_path, CLAIM, {"text": "Call us.", "label": "not_a_claim"}))
    assert len(dataset.claims) == 1
    assert dataset.left_out == {"not_a_claim": 1}
    assert read_dataset(written(tmp_path, UNIT | {"label": "not_a_claim"})).units[0].label == "not_a_claim"


def test_linked_rows_name_each_record_once_and_units_their_claims(tmp_path):
    linked = CLAIM | {"evidence": [{"id": "b", "stance": "supported"}, {"id": "a"}, {"id": "b"}]}
    assert read_dataset(written(tmp_path, linked)).claims[0].evidence == ("b", "a")
    unit = read_dataset(written(tmp_path, UNIT | {"claims": [CLAIM]})).units[0]
    assert unit.claims[0].text == CLAIM["text"]
    assert read_dataset(written(tmp_path, UNIT)).units[0].claims is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "line 2 is not JSON"),
        ("[1]", "line 2 holds list, expected an object"),
        ("[" * 200_000, "line 2 is not JSON"),
        ({"text": "Tea."}, "line 2: found the label None, expected one of supported"),
        ({"text": "Tea.", "label": "true"}, "line 2: found the label 'true'"),
        ({"text": "Tea.", "label": ["supported"]}, "line 2: found the label"),
        ({"text": " \t", "label": "supported"}, "line 2: found no text in 'text'"),
        ({"text": 7, "label": "supported"}, "line 2: found int in 'text'"),
        (CLAIM | {"evidence": "b"}, "line 2: found str in 'evidence'"),
        (CLAIM | {"evidence": [{"stance": "supported"}]}, "line 2: found no text in 'id'"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(tmp_path, row, message):
    path = written(tmp_path, CLAIM, row)
    with pytest.raises(UnreadableError, match=r"rows\.jsonl") as caught:
        read_dataset(path, kind="claims")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [{"end": 0}, {"start": -1}, {"start": True}, {"start": "0"}, {"end": None}])
def test_a_unit_needs_a_stretch_of_its_page(tmp_path, change):
    with pytest.raises(UnreadableError, match="line 1"):
        read_dataset(written(tmp_path, UNIT | change))


def test_a_file_that_is_missing_empty_or_no_text_is_an_error_and_not_no_rows(tmp_path):
    (tmp_path / "empty.jsonl").write_text("\n\n")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    written(tmp_path, {"text": "Call us.", "label": "not_a_claim"}, name="none.jsonl")
    for name in ("missing.jsonl", "empty.jsonl", "binary.jsonl", "none.jsonl", "."):
        with pytest.raises(UnreadableError):
            read_dataset(tmp_path / name)


def test_a_byte_order_mark_and_characters_that_end_lines_elsewhere_do_no_harm(tmp_path):
    path = tmp_path / "bom.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf" + json.dumps({"text": "Tea\u2028helps.", "label": "supported"}, ensure_ascii=False).encode()
    )
    assert read_dataset(path).claims[0].text == "Tea\u2028helps."


def test_the_benchmark_is_the_examples_of_benchmark_records_alone(tmp_path):
    corpus = YamlCorpusReader().read(write_pack(tmp_path, set_field("alertness", "fold", to="benchmark")))
    dataset = benchmark_rows(corpus)
    assert len(dataset.claims) == 6
    assert {row.group for row in dataset.claims} == {"tea-alert-doe-2020"}
    assert dataset.claims[0].evidence == ("tea-alert-doe-2020",)
    assert [row.triple for row in dataset.claims].count("tea-t1") == 3
    assert dataset.unit == "record"


def test_the_digest_of_the_benchmark_holds_its_rows_and_nothing_else(tmp_path):
    spoil = set_field("alertness", "fold", to="benchmark")

    def digest(name, *more):
        def all_of(rows):
            for change in (spoil, *more):
                change(rows)

        return benchmark_rows(YamlCorpusReader().read(write_pack(tmp_path / name, all_of))).sha256

    first = digest("a")
    assert digest("b", set_field("sleep", "limits", to="Another limit.")) == first
    assert digest("c", set_field("alertness", "examples", 0, "text", to="Other words.")) != first


def test_a_pack_that_keeps_nothing_for_measuring_is_told(tmp_path):
    with pytest.raises(UsageError, match="fold: benchmark"):
        benchmark_rows(YamlCorpusReader().read(write_pack(tmp_path)))
