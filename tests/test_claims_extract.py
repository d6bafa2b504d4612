import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.claims import Subject, extract_claims, headings_of, page_subject
from claimcheck.records import Block, BlockKind, Coverage, Page, Sentence, SourceRef

KETAMINE = Subject("ketamine", ("ketamine", "esketamine", "spravato"))


def page_of(*units):
    """Return a page with one block a unit, and its sentences."""
    blocks, sentences, text = [], [], ""
    for number, (kind, unit) in enumerate(units):
        start, end = len(text), len(text) + len(unit)
        blocks.append(Block(start, end, BlockKind(kind)))
        sentences.append(Sentence(start, end, unit, number, BlockKind(kind)))
        text += unit + "\n"
    return Page(
        text, tuple(blocks), SourceRef("file", "page.html", "", "", ""), Coverage(len(text), len(text))
    ), sentences


def last_claims(*units, subject=KETAMINE):
    """Return the texts of the last unit's claims."""
    page, sentences = page_of(*units)
    worthiness = [0.0] * (len(units) - 1) + [1.0]
    return [claim.text for claim in extract_claims(page, sentences, worthiness, threshold=0.5, subject=subject)]


def test_only_sentences_at_or_above_the_threshold_make_claims():
    page, sentences = page_of(
        ("paragraph", "Ketamine is fast."), ("paragraph", "Call us."), ("paragraph", "Ketamine is old.")
    )
    claims = extract_claims(page, sentences, [0.5, 0.49, 0.9], threshold=0.5, subject=KETAMINE)
    assert [(claim.id, claim.text, claim.worthiness) for claim in claims] == [
        ("c1", "Ketamine is fast.", 0.5),
        ("c2", "Ketamine is old.", 0.9),
    ]


def test_claims_carry_the_place_and_words_of_their_sentence():
    page, sentences = page_of(("heading", "Is it safe?"), ("paragraph", "It is approved and has no side effects."))
    claims = extract_claims(page, sentences, [0, 1], threshold=0.5, subject=KETAMINE)
    assert [claim.text for claim in claims] == ["Ketamine is approved.", "Ketamine has no side effects."]
    assert {page.text[claim.start : claim.end] for claim in claims} == {"It is approved and has no side effects."}
    assert {claim.sentence for claim in claims} == {"It is approved and has no side effects."}


@pytest.mark.parametrize(
    ("stem", "item", "expected"),
    [
        (("paragraph", "Ketamine has also been known to help:"), "OCD", "Ketamine has also been known to help OCD"),
        (
            ("paragraph", "Ketamine may help with the following conditions:"),
            "Chronic pain",
            "Ketamine may help with chronic pain",
        ),
        (("heading", "Conditions We Treat"), "PTSD", "Ketamine treats PTSD"),
        (("heading", "Benefits of ketamine include"), "Rapid relief", "Ketamine brings rapid relief"),
        (("heading", "Side effects"), "Nausea", "Side effects of ketamine include nausea"),
        (("paragraph", "Ketamine can:"), "Lift mood within hours", "Ketamine can lift mood within hours"),
    ],
)
def test_a_list_item_is_joined_with_its_stem(stem, item, expected):
    assert last_claims(stem, ("list_item", item)) == [expected]


def test_the_stem_reaches_every_item_of_its_list():
    stem = ("paragraph", "Ketamine may relieve:")
    items = [("list_item", name) for name in ("Depression", "Anxiety", "Migraine")]
    assert last_claims(stem, *items) == ["Ketamine may relieve migraine"]


def test_a_nested_list_takes_the_stem_of_its_own_item():
    assert last_claims(
        ("paragraph", "What to know:"), ("list_item", "Ketamine may cause:"), ("list_item", "Nausea")
    ) == ["Ketamine may cause nausea"]


def test_an_item_that_is_a_sentence_stays_as_it_is():
    item = "Ketamine acts on glutamate rather than serotonin."
    assert last_claims(("heading", "Benefits of ketamine"), ("list_item", item)) == [item]


def test_a_condition_under_a_heading_that_asserts_nothing_makes_no_claim():
    assert last_claims(("heading", "Our blog"), ("list_item", "Depression")) == []


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Is ketamine addictive?", "No.", "Ketamine is not addictive."),
        ("Is ketamine addictive?", "Not at all.", "Ketamine is not addictive."),
        ("Is it safe?", "Yes, when given under supervision.", "Ketamine is safe when given under supervision."),
        ("Does ketamine cause nausea?", "Yes.", "Ketamine causes nausea."),
        ("Is ketamine FDA approved for PTSD?", "Yes, it is.", "Ketamine is FDA approved for PTSD."),
        ("Is ketamine addictive?", "No, it isn't.", "Ketamine is not addictive."),
        ("Is ketamine legal?", "Yes, it is a Schedule III drug.", "Ketamine is a Schedule III drug."),
        ("Are there any side effects of ketamine?", "None", "There are no side effects of ketamine."),
        ("Are there risks with ketamine?", "Yes, there are.", "There are risks with ketamine."),
        ("Q: Is ketamine addictive?", "A: No.", "Ketamine is not addictive."),
        ("Does ketamine show up on a drug test?", "No.", "Ketamine does not show up on a drug test."),
        ("Is ketamine legal?", "Yes, ketamine is a Schedule III drug.", "Ketamine is a Schedule III drug."),
        (
            "What are the side effects of ketamine?",
            "Nausea and dizziness.",
            "The side effects of ketamine include nausea and dizziness.",
        ),
        (
            "How long does an infusion last?",
            "About 40 minutes.",
            "How long does a ketamine infusion last? About 40 minutes.",
        ),
    ],
)
def test_an_answer_takes_up_its_question(question, answer, expected):
    assert last_claims(("heading", question), ("paragraph", answer)) == [expected]


@pytest.mark.parametrize(
    ("before", "text", "expected"),
    [
        ("Ketamine is an old drug.", "It works within hours.", "Ketamine works within hours."),
        ("Spravato is a nasal spray.", "It is approved for depression.", "Spravato is approved for depression."),
        ("Antidepressants act slowly.", "They take weeks to work.", "Antidepressants take weeks to work."),
        ("Book today.", "This treatment has no side effects.", "Ketamine treatment has no side effects."),
        ("Book today.", "Non-addictive.", "Ketamine is non-addictive."),
        ("Book today.", "No side effects.", "Ketamine has no side effects."),
    ],
)
def test_what_opens_a_sentence_is_resolved(before, text, expected):
    assert last_claims(("paragraph", before), ("paragraph", text)) == [expected]


def test_an_expletive_it_is_left_alone():
    text = "It is estimated that one in five adults has a mood disorder."
    assert last_claims(("paragraph", "Ketamine is old."), ("paragraph", text)) == [text]


def test_a_testimonial_with_an_outcome_is_a_claim():
    assert last_claims(("quote", "Ketamine cured my depression!")) == ["Ketamine cured my depression!"]


def test_another_subject_takes_the_place_of_ketamine():
    subject = Subject("botulinum toxin", ("botulinum toxin", "Botox"))
    units = [("heading", "Is it safe?"), ("paragraph", "Yes.")]
    assert last_claims(*units, subject=subject) == ["Botulinum toxin is safe."]


def test_the_pages_own_word_for_the_subject_is_used():
    assert page_subject("SPRAVATO works. Spravato helps. Ketamine too.", KETAMINE) == "Spravato"
    assert page_subject("We care.", KETAMINE) == "ketamine"


def test_headings_are_those_before_each_sentence():
    _, sentences = page_of(("paragraph", "A"), ("heading", "H1"), ("paragraph", "B"), ("heading", "H2"))
    assert headings_of(sentences) == ("", "", "H1", "H1")


def test_one_worthiness_a_sentence_is_expected():
    page, sentences = page_of(("paragraph", "Ketamine is old."))
    with pytest.raises(ValueError, match="1 sentences and 2 worthiness"):
        extract_claims(page, sentences, [1, 1], threshold=0.5, subject=KETAMINE)


FRAGMENTS = st.sampled_from(
    ["Ketamine helps", "it", "No.", "Is it safe?", "depression, anxiety and PTSD", "may treat:", "We treat", "and has",
     "FDA approved", ":", "?", "They", "(", "infusions", "Yes,", "who", " ", "é𝛼", "This treatment"]
)  # fmt: skip
UNITS = st.lists(
    st.tuples(
        st.sampled_from([kind.value for kind in BlockKind]),
        st.one_of(st.text(min_size=1, max_size=60), st.lists(FRAGMENTS, min_size=1, max_size=6).map(" ".join)),
    ),
    min_size=1,
    max_size=12,
)


@given(UNITS)
@settings(max_examples=300, deadline=None)
def test_any_page_keeps_its_order_and_every_claim_stands_in_a_sentence(units):
    page, sentences = page_of(*units)
    claims = extract_claims(page, sentences, [1.0] * len(sentences), threshold=0.5, subject=KETAMINE)
    places = {(sentence.start, sentence.end, sentence.text) for sentence in sentences}
    assert all((claim.start, claim.end, claim.sentence) in places for claim in claims)
    assert [claim.start for claim in claims] == sorted(claim.start for claim in claims)
    assert [claim.id for claim in claims] == [f"c{number}" for number in range(1, len(claims) + 1)]
    assert all(claim.text.strip() for claim in claims)


@pytest.mark.parametrize("cell", ["PTSD", "Depression", "85%", "Condition", "Treatment-resistant depression."])
def test_a_bare_condition_number_or_word_asserts_nothing(cell):
    assert last_claims(("paragraph", "Ketamine is old."), ("table_cell", cell)) == []


def test_a_cell_that_says_something_is_a_claim():
    assert last_claims(("paragraph", "Ketamine is old."), ("table_cell", "90% success rate")) == ["90% success rate"]


def test_relief_is_had_with_the_treatment_not_from_it():
    assert last_claims(("paragraph", "Book today."), ("paragraph", "Relief is guaranteed.")) == [
        "Relief with ketamine is guaranteed."
    ]


def test_a_substance_that_moves_into_a_sentence_loses_its_capital():
    text = "Ketamine is old, and 98% of patients reach remission with it."
    assert last_claims(("paragraph", text))[1] == "98% of patients reach remission with ketamine."


def test_a_brand_that_moves_into_a_sentence_keeps_its_capital():
    text = "Spravato is old, and 98% of patients reach remission with it."
    assert last_claims(("paragraph", text))[1] == "98% of patients reach remission with Spravato."


def test_letters_of_another_width_hide_no_claim():
    text = "\uff2b\uff45\uff54\uff41\uff4d\uff49\uff4e\uff45 \uff43\uff55\uff52\uff45\uff53 PTSD."
    assert last_claims(("paragraph", text)) == [text]
