"""Hand-made reports for tests: a realistic page with claims of every kind, and small ones with hostile text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from claimcheck.numbers import compare
from claimcheck.records import (
    Block,
    BlockKind,
    Certainty,
    Claim,
    Coverage,
    Evidence,
    EvidenceRecord,
    Label,
    Overstatement,
    Page,
    PageFinding,
    Report,
    Sentence,
    Severity,
    Source,
    SourceRef,
    Span,
    Stance,
    Verdict,
)

VERSIONS = {
    "claimcheck": "0.1.0",
    "corpus": {"pack": "ketamine", "records": 312, "sha256": "5f" * 32},
    "models": {"encoder": "ab" * 32, "verdict": "cd" * 32},
    "settings_sha256": "09" * 32,
}


def record(
    id: str = "fda-approved-use",
    statement: str = "The FDA has approved ketamine for anaesthesia only.",
    *,
    certainty: Certainty = Certainty.HIGH,
    limits: str = "Says nothing on how well it works for other uses.",
    type: str = "label",
    **source: object,
) -> EvidenceRecord:
    cited = {
        "title": "Ketamine hydrochloride injection: prescribing information",
        "authors": "US Food and Drug Administration",
        "year": 2020,
        "journal": "FDA",
        "url": "https://www.fda.gov/label",
        "doi": None,
        "pmid": None,
    } | source
    return EvidenceRecord(
        id, "approval_legal", statement, "adults", "ketamine", "", "approval", "", {}, "neutral", certainty,
        "read from the source itself", limits, Source(type=type, **cited), "current", "2026-05-01", "search",
    )  # fmt: skip


APPROVAL = record()
RESPONSE = record(
    "response-single-infusion",
    "In randomised trials, 50 to 70 percent of adults with treatment-resistant depression responded within a day.",
    certainty=Certainty.MODERATE,
    limits="Short term: most had relapsed by two weeks without further infusions.",
    type="meta_analysis",
    title="Single infusions of ketamine for depression: a meta-analysis",
    authors="Doe J, Roe R, Poe P, et al.",
    year=2019,
    journal="J Example Psychiatry",
    doi="10.1000/jep.2019.014",
)
DURATION = record(
    "relapse-after-series",
    "After a series of infusions the median time to relapse was 18 days.",
    certainty=Certainty.LOW,
    limits="97 people, no control group after the series.",
    type="cohort",
    title="Time to relapse after repeated ketamine",
    authors="Moe M, Loe L.",
    year=2013,
    journal="Example Psychiatry",
    pmid="12345678",
)
HARMS = record(
    "bladder-long-use",
    "Frequent use over months can inflame the bladder; dissociation and raised blood pressure are common in a session.",
    certainty=Certainty.MODERATE,
    limits="Mostly reported at recreational doses; long-term data on clinic doses are few.",
    type="systematic_review",
    title="Adverse effects of ketamine: a systematic review",
    authors="Noe N, et al.",
    year=2018,
    journal="Lancet Example",
    doi="10.1000/lex(18)30",
)
MECHANISM = record(
    "synapses-in-mice",
    "In mice, ketamine raised BDNF and the number of dendritic spines within a day.",
    certainty=Certainty.VERY_LOW,
    limits="Animals only: not shown in patients.",
    type="review",
    title="Synaptic plasticity and rapid antidepressants",
    authors="Coe C.",
    year=2012,
    journal="Science Example",
    doi="10.1000/sci.2012",
)


@dataclass(frozen=True)
class Said:
    """One sentence of the page and the verdicts on what it claims."""

    text: str
    kind: BlockKind = BlockKind.PARAGRAPH
    verdicts: tuple[tuple[str, Label, float, dict[str, object]], ...] = ()
    visible: bool = True
    joined: bool = False


def said(text: str, *verdicts: tuple, kind: str = "paragraph", visible: bool = True, joined: bool = False) -> Said:
    made = tuple((v[0] or text, Label(v[1]), v[2], v[3] if len(v) > 3 else {}) for v in verdicts)
    return Said(text, BlockKind(kind), made, visible, joined)


_SEVERITY = {Label.CONTRADICTED: Severity.HIGH, Label.OVERSTATED: Severity.MEDIUM}
_STANCE = {
    Label.CONTRADICTED: Stance.CONTRADICTS,
    Label.OVERSTATED: Stance.LIMITS,
    Label.SUPPORTED: Stance.SUPPORTS,
}


def verdict(claim: Claim, label: Label, confidence: float, **options: object) -> Verdict:
    records = options.get("records", () if label is Label.UNVERIFIED else (APPROVAL,))
    evidence = tuple(
        Evidence(item, _STANCE.get(label, Stance.CONTEXT) if place == 0 else Stance.CONTEXT, 0.9 - 0.1 * place)
        for place, item in enumerate(records)
    )
    rest = (1 - confidence) / 3
    labels = (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED, Label.UNVERIFIED)
    strong = str(options.get("strong", ""))
    at = claim.sentence.find(strong) if strong else -1
    return Verdict(
        claim=claim,
        label=label,
        probabilities={item: confidence if item is label else rest for item in labels},
        confidence=confidence,
        needs_review=bool(options.get("review", confidence < 0.6)),
        severity=options.get("severity", _SEVERITY.get(label, Severity.NONE)),
        overstates=tuple(Overstatement(way) for way in options.get("ways", ())),
        explanation=str(options.get("why", f"The evidence cited makes this claim {label.value}.")),
        evidence=evidence,
        numbers=tuple(compare(claim.text, records)),
        strong_words=(Span(claim.start + at, claim.start + at + len(strong)),) if at >= 0 else (),
    )


def report_of(
    sayings: Sequence[Said],
    *,
    uri: str = "https://clinic.example/ketamine",
    title: str = "Ketamine Therapy | Harbour Light Wellness",
    kind: str = "url",
    findings: Sequence[tuple[str, str, Sequence[int]]] = (),
) -> Report:
    """Return a report whose offsets are right by construction; findings are (kind, words, indices of sayings)."""
    text, blocks, sentences, labels, worthy, verdicts = "", [], [], [], [], []
    for item in sayings:
        if text:
            text += " " if item.joined else "\n"
        start, end = len(text), len(text) + len(item.text)
        text += item.text
        if item.joined:
            blocks[-1] = replace(blocks[-1], end=end)
        else:
            level = 2 if item.kind is BlockKind.HEADING else 0
            blocks.append(Block(start, end, item.kind, item.visible, level))
        sentences.append(Sentence(start, end, item.text, len(blocks) - 1, item.kind, item.visible))
        for words, label, confidence, options in item.verdicts:
            claim = Claim(f"c{len(verdicts) + 1}", words, start, end, item.text, str(options.get("topic", "other")))
            verdicts.append(verdict(claim, label, confidence, **options))
        own = [label for _, label, _, _ in item.verdicts]
        order = (Label.CONTRADICTED, Label.OVERSTATED, Label.UNVERIFIED, Label.SUPPORTED)
        labels.append(next((label for label in order if label in own), Label.NOT_A_CLAIM))
        worthy.append(bool(own))
    page = Page(
        text,
        tuple(blocks),
        SourceRef(kind, uri, title, "2026-11-30T08:15:00Z", "e3" * 32),
        Coverage(len(text) + 2310, len(text), 3, {"navigation": 1800, "cookie_notice": 510}),
    )
    found = tuple(
        PageFinding(name, words, tuple(Span(sentences[i].start, sentences[i].end) for i in places))
        for name, words, places in findings
    )
    return Report(page, tuple(sentences), tuple(labels), tuple(worthy), tuple(verdicts), found, VERSIONS)


def clinic_report() -> Report:
    """Return the report of a whole made-up clinic page: 26 claims of every verdict, short and long."""
    sayings = [
        said("Ketamine infusions near you: guaranteed relief from depression.",
             ("Ketamine infusions give guaranteed relief from depression.", "contradicted", 0.97,
              {"records": (RESPONSE, DURATION), "strong": "guaranteed",
               "why": "No treatment can be guaranteed: 3 to 5 of every 10 people in trials did not respond."}),
             kind="meta"),
        said("Feel like yourself again", kind="heading"),
        said("At Harbour Light we walk beside you from the first call to the last follow-up."),
        said("Ketamine is an FDA-approved treatment for depression, and it has no long-term side effects.",
             ("Ketamine is an FDA-approved treatment for depression.", "contradicted", 0.993,
              {"records": (APPROVAL, RESPONSE), "strong": "FDA-approved", "topic": "approval_legal",
               "why": "The FDA has approved ketamine as an anaesthetic only; its use for depression is off-label."}),
             ("Ketamine has no long-term side effects.", "contradicted", 0.91,
              {"records": (HARMS, APPROVAL), "strong": "no long-term side effects", "topic": "safety_side_effects",
               "why": "Harm to the bladder has been shown with frequent use, and long-term data are few."}),
             joined=True),
        said("Our infusions work for 90% of patients within an hour.",
             ("Ketamine infusions work for 90% of patients.", "overstated", 0.84,
              {"records": (RESPONSE, DURATION, MECHANISM), "ways": ("magnitude", "scope"), "strong": "90%",
               "why": "Trials found a response in 50 to 70 percent, in depression that had resisted treatment."}),
             ("Ketamine infusions work within an hour.", "overstated", 0.55,
              {"records": (RESPONSE,), "ways": ("speed",), "why": "The effect was measured at one day."})),
        said("Relief from a single infusion is long-lasting.",
             ("", "overstated", 0.88, {"records": (DURATION,), "ways": ("duration",), "strong": "long-lasting",
              "why": "Half of those who responded to a series had relapsed after 18 days."})),
        said("Conditions we treat", kind="heading"),
        said("Ketamine has been known to help people with:"),
        said("Treatment-resistant depression",
             ("Ketamine has been known to help people with treatment-resistant depression.", "supported", 0.95,
              {"records": (RESPONSE,)}), kind="list_item"),
        said("PTSD", ("Ketamine has been known to help people with PTSD.", "supported", 0.66,
             {"records": (RESPONSE,)}), kind="list_item"),
        said("Fibromyalgia and every kind of chronic pain",
             ("Ketamine has been known to help people with every kind of chronic pain.", "overstated", 0.71,
              {"records": (DURATION,), "ways": ("scope", "certainty")}), kind="list_item"),
        said("Lyme disease", ("Ketamine has been known to help people with Lyme disease.", "unverified", 0.74,
             {"records": ()}), kind="list_item"),
        said("How it works", kind="heading"),
        said("Ketamine repairs the neurons that depression has damaged and resets the brain.",
             ("Ketamine repairs neurons damaged by depression.", "overstated", 0.82,
              {"records": (MECHANISM,), "ways": ("mechanism",), "strong": "repairs"}),
             ("Ketamine resets the brain.", "overstated", 0.79, {"records": (MECHANISM,), "ways": ("mechanism",)})),
        said("It blocks NMDA receptors, which leads to a rise in glutamate.",
             ("Ketamine blocks NMDA receptors.", "supported", 0.98, {"records": (MECHANISM,)}),
             ("Blocking NMDA receptors leads to a rise in glutamate.", "supported", 0.9, {"records": (MECHANISM,)}),
             joined=True),
        said("Is it safe?", kind="heading"),
        said("Ketamine is completely safe and not addictive.",
             ("Ketamine is completely safe.", "contradicted", 0.94, {"records": (HARMS,), "strong": "completely safe"}),
             ("Ketamine is not addictive.", "contradicted", 0.58,
              {"records": (HARMS,), "why": "It is a controlled substance with a potential for abuse."})),
        said("Side effects such as dizziness usually pass within hours of the infusion.",
             ("", "supported", 0.87, {"records": (HARMS,)}), joined=True),
        said("What our patients say", kind="heading"),
        said("“Ketamine cured my depression. I came off every medication I was on, went back to work after eleven "
             "years away and have not had a single bad day since, and I would tell anyone who is still hesitating to "
             "stop reading and book the first free slot they can get.”",
             ("Ketamine cured a patient's depression, so that the patient came off every medication and has not had a "
              "bad day since.", "contradicted", 0.76,
              {"records": (DURATION, HARMS), "ways": (), "strong": "cured", "why": "No trial shows a cure; relapse is "
               "common within weeks."}), kind="quote"),
        said("Cost and practical facts", kind="heading"),
        said("A series is usually six infusions over two to three weeks.",
             ("", "supported", 0.93, {"records": (RESPONSE,)})),
        said("Most insurers do not pay for it.", ("Most insurers do not pay for ketamine infusions.", "supported", 0.7,
             {"records": (APPROVAL,)}), joined=True),
        said("We have treated more than 5,000 patients.",
             ("The clinic has treated more than 5,000 patients.", "unverified", 0.9, {"records": ()})),
        said("Infusion: $450", ("An infusion costs $450.", "unverified", 0.8, {"records": ()}), kind="table_cell"),
        said("Anyone over 12 can benefit.",
             ("Anyone over 12 can benefit from ketamine.", "contradicted", 0.83, {"records": (APPROVAL,)})),
        said("More effective than any antidepressant, with fewer side effects.",
             ("Ketamine is more effective than any antidepressant.", "overstated", 0.77,
              {"records": (RESPONSE,), "ways": ("comparison", "certainty")}),
             ("Ketamine has fewer side effects than any antidepressant.", "unverified", 0.45, {"records": (HARMS,)})),
        said("Before and after: brain scan of a patient", kind="caption"),
        said("*Results vary. Ketamine is not approved by the FDA for the treatment of depression.",
             ("Ketamine is not approved by the FDA for the treatment of depression.", "supported", 0.98,
              {"records": (APPROVAL,)}), visible=False),
    ]  # fmt: skip
    findings = [
        ("guarantee", "The page promises a result, which no clinic can keep.", (0,)),
        ("testimonial_outcome", "A patient's story stands in for evidence of a health outcome.", (19,)),
        ("disclaimer_hidden", "The notice that the use is not approved can only be seen by opening a part that is "
         "closed at first.", (-1,)),
        ("no_risk_information", "The page sells the treatment and names none of its serious risks.", ()),
    ]  # fmt: skip
    return report_of(sayings, findings=findings)


HOSTILE = (
    "\x1b[31mRed\x1b[0m [bold red]markup[/] \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \u202eesrever\u202c "
    '<script>alert(1)</script> " onmouseover="x" {{ 7*7 }} \x00\x08\x9b31m| `code` [a](javascript:alert(1)) :smile:'
)


def hostile_report() -> Report:
    """Return a report in which every text that a page or a record can set is hostile."""
    bad = replace(
        record("bad-record", HOSTILE, limits=HOSTILE),
        certainty_reason=HOSTILE,
        source=Source("label", HOSTILE, HOSTILE, None, HOSTILE, "javascript:alert(1)"),
    )
    options = {"records": (bad,), "why": HOSTILE, "ways": ("safety",), "topic": HOSTILE}
    sayings = [
        said(HOSTILE, ("", "contradicted", 0.9, options), ("", "supported", 0.9, options)),
        said('=HYPERLINK("https://evil.example")', ("", "overstated", 0.8, options)),
        said("@SUM(1+1)", ("", "unverified", 0.3, {"records": ()})),
    ]
    return report_of(
        sayings, uri="javascript:alert(1)//\x1b[2J", title=HOSTILE, findings=[("guarantee", HOSTILE, (0,))]
    )


def small_report(*verdicts: tuple, uri: str = "https://clinic.example/") -> Report:
    """Return a report with one sentence a verdict, each (text, label, confidence[, options])."""
    return report_of([said(v[0], ("", *v[1:])) for v in verdicts], uri=uri)
