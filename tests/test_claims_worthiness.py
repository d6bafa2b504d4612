import json

import numpy as np
import pytest

from claimcheck.claims import FEATURES, TOPICS, LinearTopic, LinearWorthiness, assign_topics, design_matrix
from claimcheck.claims.features import surface_features
from claimcheck.errors import DamagedDataError
from claimcheck.records import BlockKind, Claim, Sentence


def sentence(text, kind=BlockKind.PARAGRAPH, visible=True):
    return Sentence(0, len(text), text, 0, kind, visible)


def features_of(*texts, kind=BlockKind.PARAGRAPH, heading=""):
    """Return the features that are set for the last text."""
    row = surface_features([sentence(text, kind) for text in texts], [heading] * len(texts))[-1]
    return {name for name, value in zip(FEATURES, row, strict=True) if value}


def worthiness_values(**changes):
    surface = [0.0] * len(FEATURES)
    surface[FEATURES.index("ends_question")] = -4.0
    surface[FEATURES.index("has_efficacy")] = 3.0
    values = {
        "format": "claimcheck.worthiness/1", "features": list(FEATURES), "surface": surface, "embedding": [1.0, 0.0],
        "before": [0.0, -1.0], "above": [0.0, 0.5], "bias": -1.0, "threshold": 0.45,
    }  # fmt: skip
    return values | changes


def write(tmp_path, values):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("Is it safe?", "ends_question"),
        ("Call (555) 123-4567 today", "has_contact"),
        ("Sessions cost $400 each.", "has_price"),
        ("About 60% of patients respond.", "has_percent"),
        ("Book your visit", "has_action"),
        ("It is FDA approved.", "has_legal"),
        ("It lifts mood within hours.", "has_verb"),
        ("Reduce pain", "starts_verb"),
        ("Our Caring Team", "title_case"),
    ],
)
def test_a_feature_is_set_by_its_words_and_not_by_others(text, feature):
    assert feature in features_of(text)
    assert feature not in features_of("the blue lamp on a table near him.")


def test_the_sentence_and_heading_before_are_seen():
    assert "after_question" in features_of("Is it addictive?", "No.")
    assert "under_safety" in features_of("Nausea", heading="Side effects")
    assert "under_safety" not in features_of("Nausea", heading="Our team")


def test_predictions_follow_the_stored_weights(tmp_path):
    model = LinearWorthiness.load(write(tmp_path, worthiness_values()))
    sentences = [sentence("Relief comes."), sentence("Relief?")]
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    statement, question = model.predict(sentences, vectors, ["", ""])
    assert statement == pytest.approx(1 / (1 + np.exp(-(1.0 + 3.0 - 1.0))))
    assert question == 0.05
    assert model.threshold == 0.45


def test_the_vector_before_weighs_on_the_next_sentence_only():
    matrix = design_matrix([sentence("A"), sentence("B")], np.array([[1, 2], [3, 4]], dtype=np.float32), ["", ""])
    assert matrix[0, 2:4].tolist() == [0, 0]
    assert matrix[1, 2:4].tolist() == [1, 2]


def test_the_vector_of_the_stem_or_heading_weighs_on_what_stands_under_it():
    kinds = [BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.LIST_ITEM]
    texts = ["Results", "It works.", "It helps with:", "Pain", "Grief"]
    sentences = [Sentence(i, i + 1, texts[i], i, kind) for i, kind in enumerate(kinds)]
    matrix = design_matrix(sentences, np.array([[1], [2], [3], [4], [5]], dtype=np.float32), [""] * 5)
    assert matrix[:, 2].tolist() == [0, 1, 1, 3, 3]


@pytest.mark.parametrize("text", ["Is ketamine safe?", "Ketamine helps with:", "“Is relief real?”"])
def test_questions_and_stems_are_never_check_worthy(tmp_path, text):
    model = LinearWorthiness.load(write(tmp_path, worthiness_values(bias=50.0)))
    statement, form = model.predict([sentence("Relief."), sentence(text)], np.zeros((2, 2), dtype=np.float32), ["", ""])
    assert (statement, form) == (pytest.approx(1.0), 0.05)


def test_an_empty_page_has_no_probabilities(tmp_path):
    model = LinearWorthiness.load(write(tmp_path, worthiness_values()))
    assert model.predict([], np.zeros((0, 2), dtype=np.float32), []).shape == (0,)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "claimcheck.worthiness/9"},
        {"features": ["other"]},
        {"surface": [1.0]},
        {"before": [1.0]},
        {"threshold": 1.5},
        {"bias": float("nan")},
        {"embedding": "word"},
    ],
)
def test_damaged_weights_are_refused(tmp_path, changes):
    with pytest.raises(DamagedDataError, match=r"model\.json"):
        LinearWorthiness.load(write(tmp_path, worthiness_values(**changes)))


def test_a_missing_file_and_a_file_that_is_not_json_are_refused(tmp_path):
    with pytest.raises(DamagedDataError, match="cannot be read"):
        LinearWorthiness.load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(DamagedDataError, match="cannot be read"):
        LinearTopic.load(tmp_path / "bad.json")


def test_vectors_of_another_encoder_are_refused(tmp_path):
    model = LinearWorthiness.load(write(tmp_path, worthiness_values()))
    with pytest.raises(DamagedDataError, match="train it again"):
        model.predict([sentence("A")], np.zeros((1, 3), dtype=np.float32), [""])


def topic_values(**changes):
    weights = np.zeros((len(TOPICS), 2))
    weights[TOPICS.index("onset"), 0] = 1
    weights[TOPICS.index("history"), 1] = 1
    values = {"format": "claimcheck.topics/1", "topics": list(TOPICS), "weights": weights.tolist()}
    return values | {"bias": [0.0] * len(TOPICS)} | changes


def test_each_claim_gets_the_topic_of_its_own_vector(tmp_path):
    model = LinearTopic.load(write(tmp_path, topic_values()))
    claims = [Claim(f"c{i}", text, 0, 1, text, "other") for i, text in enumerate(("fast", "old"), start=1)]
    found = assign_topics(claims, np.array([[1, 0], [0, 1]], dtype=np.float32), model)
    assert [claim.topic for claim in found] == ["onset", "history"]
    assert [claim.topic for claim in claims] == ["other", "other"]
    assert assign_topics([], np.zeros((0, 2), dtype=np.float32), model) == ()


@pytest.mark.parametrize("changes", [{"topics": ["onset"]}, {"weights": [[1.0]]}, {"bias": [0.0]}])
def test_damaged_topic_weights_are_refused(tmp_path, changes):
    with pytest.raises(DamagedDataError, match=r"model\.json"):
        LinearTopic.load(write(tmp_path, topic_values(**changes)))
