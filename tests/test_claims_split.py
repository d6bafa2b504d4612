import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.claims import split_assertions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Ketamine is FDA approved and has no side effects.",
            ["Ketamine is FDA approved.", "Ketamine has no side effects."],
        ),
        (
            "Ketamine is a Schedule III drug, and it is approved as an anesthetic.",
            ["Ketamine is a Schedule III drug.", "Ketamine is approved as an anesthetic."],
        ),
        (
            "Ketamine is fast-acting, has few side effects and can lift mood within hours.",
            [
                "Ketamine is fast-acting.",
                "Ketamine has few side effects.",
                "Ketamine can lift mood within hours.",
            ],
        ),
    ],
)
def test_predicates_are_split_and_the_subject_is_repeated(text, expected):
    assert split_assertions(text) == expected


def test_a_list_of_conditions_gives_one_claim_each_with_the_wording_of_the_stem():
    assert split_assertions("Ketamine may help some people with depression, anxiety, and PTSD.") == [
        "Ketamine may help some people with depression.",
        "Ketamine may help some people with anxiety.",
        "Ketamine may help some people with PTSD.",
    ]


def test_what_follows_a_list_stays_with_each_of_its_claims():
    parts = split_assertions("Ketamine can treat depression and chronic pain when given under supervision.")
    assert parts == [
        "Ketamine can treat depression when given under supervision.",
        "Ketamine can treat chronic pain when given under supervision.",
    ]


def test_a_modal_is_repeated_before_the_second_verb():
    assert split_assertions("Ketamine may ease pain and improve sleep quality.") == [
        "Ketamine may ease pain.",
        "Ketamine may improve sleep quality.",
    ]


def test_a_closing_condition_governs_both_verbs():
    assert split_assertions("Ketamine may ease pain and improve sleep in some patients.") == [
        "Ketamine may ease pain in some patients.",
        "Ketamine may improve sleep in some patients.",
    ]


def test_a_frame_is_kept_with_every_claim_it_governs():
    assert split_assertions("Studies show that ketamine lifts mood fast and has few side effects.") == [
        "Studies show that ketamine lifts mood fast.",
        "Studies show that ketamine has few side effects.",
    ]


def test_attributes_of_different_kinds_are_split():
    assert split_assertions("Ketamine is safe, effective and non-addictive.") == [
        "Ketamine is safe.",
        "Ketamine is effective.",
        "Ketamine is non-addictive.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The risks and benefits of ketamine are discussed before the first session.",
        "Ketamine reduces anxiety and depression symptoms.",
        "Depression and anxiety affect 40 million Americans.",
        "Side effects include nausea, dizziness, headache and anxiety.",
        "Patients usually have between four and six infusions.",
        "Ketamine (which is approved for anesthesia and has been used for decades) is given by vein.",
        "Ketamine is useful for bipolar and unipolar depression.",
        "People who have tried two drugs and are still depressed may be offered it.",
        "Doctors may still prescribe lozenges and do not endorse them.",
        "Because it acts fast, ketamine is used in emergencies and it saves lives.",
        "Combining ketamine with therapy for depression and anxiety is common.",
        "The label warns of sedation and dissociation.",
    ],
)
def test_what_is_not_two_assertions_stays_whole(text):
    assert split_assertions(text) == [text]


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_at_least_one_part(text):
    assert len(split_assertions(text)) >= 1


WORDS = "ketamine is safe and effective , for depression anxiety may treat ( ) ; it has no PTSD . when who".split()


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_part_holds_a_word_that_the_sentence_does_not(words):
    text = " ".join(words)
    known = set(text.lower().split()) | {"an", "a"}
    for part in split_assertions(text):
        assert {word.strip(".,;").lower() for word in part.split()} <= {word.strip(".,;") for word in known} | {""}


@pytest.mark.parametrize(
    "unit", ["is and ", "depression, ", "and it is ", "( ", "x, and ", "is a safe and ", "studies show that ", "who "]
)
def test_hostile_repetition_is_answered_at_once(unit):
    # Processor time, which other programs do not lengthen; a pattern that backtracks takes minutes.
    start = time.process_time()
    for length in (1500, 20_000):
        split_assertions("Ketamine " + unit * (length // len(unit)))
    assert time.process_time() - start < 2
