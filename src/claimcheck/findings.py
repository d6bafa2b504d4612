"""What a page does as a whole: silence on risks or off-label use, testimonials, guarantees, disclaimers out of sight.

A finding is shown to reviewers beside the verdicts, so every rule prefers silence to a false alarm: denials, questions
and refusals to promise are not findings. What counts as a word of risk or of off-label use comes from the pack.
"""

import re
from collections.abc import Callable, Sequence

from claimcheck.corpus.reader import Manifest
from claimcheck.records import BlockKind, Page, PageFinding, Sentence, Span, Verdict

__all__ = ["page_findings"]

# One claim alone (a quoted line, a list of links) is not a page that sells something.
MIN_CLAIMS = 2
MAX_SPANS = 8

_BENEFIT = re.compile(
    r"(?i)\b(?:effective|reliev|relief|improv|reduc|help|benefit|treats?\b|treatment for|remission|heal|"
    r"cure[sd]?\b|lifts?\b|"
    r"eas(?:e|es|ing)\b|success|works?\b|alleviat|safe\b|breakthrough|transform|restor|option for|used for|"
    r"used to treat)"
)
_BENEFIT_TOPICS = frozenset(
    "efficacy_depression efficacy_other_mental efficacy_pain suicidality onset durability response_rate "
    "comparison".split()
)
_DENIED = (
    r"(?:\bno|\bnot|n['’]t|\bnever|\bwithout|\bzero|\bfree (?:of|from)|\bnon|\bfewer|\bminimal|\bvirtually no|"
    r"\bneither|\bnor)\b"
)
_NOT_OF_TREATMENT = re.compile(
    r"(?i)\b(?:(?:reduc|lower|decreas|lessen)\w*\s+(?:the\s+|your\s+)?risk|risk[- ]free|no[- ]risk|at[- ]risk|"
    r"risk factors?|"
    r"side[- ]effects? of (?:antidepressants|ssris|opioids|other|traditional)|warning signs|(?:substance|alcohol|"
    r"drug|sexual|"
    r"physical|child|emotional|opioid)\s+(?:abuse|misuse))"
)
_LIABILITY = re.compile(
    r"(?i)\b(?:addictive|addiction (?:risk|potential|liability)|(?:risk|potential) (?:of|for) (?:\w+ ){0,3}addict)"
)
_DISCLAIMER = re.compile(
    r"(?i)\b(?:results?\s+(?:may|will|can)\s+(?:vary|differ)|individual\s+results|not\s+(?:been\s+)?evaluated\s+by|"
    r"not\s+intended\s+to\s+(?:diagnose|treat|cure)|not\s+a\s+substitute\s+for|no\s+guarantees?\b|(?:is|"
    r"are)\s+not\s+guaranteed|"
    r"(?:does|do|can)\s*not\s+guarantee|for\s+informational\s+purposes)"
)
_GUARANTEE = re.compile(
    r"(?i)(?:\bguarantee[ds]?\b(?=.*\b(?:results?|relief|outcomes?|recover\w*|improve\w*|works?|success|heal\w*|"
    r"cures?|remission|"
    r"respon\w+|effective\w*|better|pain|depression|anxiety)\b)|\b(?:results?|relief|outcomes?|recovery|"
    r"improvement|success|healing|"
    r"remission|cure)\b[^.!?]{0,40}\bguaranteed\b|\b100\s?%\s+(?:effective|success|successful|safe|cure|"
    r"guarantee\w*|of\s+(?:our\s+)?"
    r"patients)|\bmoney[- ]back\b|\bnever\s+fails\b|\bworks\s+(?:for\s+)?(?:everyone|every\s+(?:patient|person|"
    r"time))\b|"
    r"\b(?:will|permanently)\s+cures?\b|\bpermanent\s+cure\b)"
)
_FIRST_PERSON = re.compile(r"(?i)(?:\bI\b|\bI['’]\w+|\bmy\b(?!\s+(?:patients|clients|practice|team|clinic))|\bme\b)")
_OUTCOME = re.compile(
    r"(?i)\b(?:cured|saved\s+(?:my|his|her)\s+(?:life|marriage)|gave\s+me\s+(?:my|back\s+my)\s+life|"
    r"got\s+my\s+life\s+back|"
    r"changed\s+my\s+life|(?:depression|anxiety|ptsd|pain|migraines?|ocd|symptoms|thoughts|nightmares|flashbacks|"
    r"cravings|panic(?:\s+"
    r"attacks)?|headaches?)\b[^.!?]{0,40}\b(?:gone|lifted|disappeared|vanished|melted|went\s+away|stopped|improved|"
    r"better|eased|"
    r"faded|dropped|under\s+control|in\s+remission|reduced)|no\s+longer\s+(?:depressed|suicidal|anxious|in\s+pain|"
    r"take|taking|need|"
    r"have|suffer\w*|want)|(?:pain|symptom|panic|migraine|depression)[- ]free|free\s+(?:of|from)\s+(?:pain|"
    r"depression|anxiety)|off\s+"
    r"(?:all\s+)?(?:of\s+)?my\s+(?:med\w*|antidepressants?|opioids?|pills)|in\s+remission|(?:helped|relieved|"
    r"healed|fixed|treated|ended|"
    r"lifted|eased|stopped)\s+my\s+(?:\w+\s+){0,2}(?:depression|anxiety|ptsd|pain|ocd|migraines?|symptoms|"
    r"headaches?|thoughts|cravings|"
    r"trauma|panic|mood))\b"
)
_NO_OUTCOME = re.compile(
    r"(?i)\b(?:i\s+(?:have\s+)?(?:seen|treat|treated|watched|believe|recommend)|did(?:n['’]t|\s+not)|was(?:n['’]t|"
    r"\s+not)|not\s+(?:cured|"
    r"gone)|hasn['’]t|haven['’]t|hop(?:e|ed|ing)|wish|want|if\s+(?:i|my)|will\s+my|can\s+i|imagine|"
    r"before\s+ketamine)\b"
)


def page_findings(
    page: Page, sentences: Sequence[Sentence], verdicts: Sequence[Verdict], manifest: Manifest
) -> tuple[PageFinding, ...]:
    """Return what the page does as a whole, at most one finding of each kind, each with the spans that show it.

    Text of the page's head (title, description) counts neither as a notice nor as hidden: readers never look for it.
    """
    shown = [sentence for sentence in sentences if sentence.kind is not BlockKind.META]
    risk = [sentence for sentence in shown if _tells_risk(sentence.text, manifest)]
    notice = [sentence for sentence in shown if _has_word(sentence.text, manifest.off_label_terms)]
    outcomes, guarantees = _spans_of(shown, _is_outcome), _spans_of(shown, _is_guarantee)
    found = (
        _no_risk(verdicts, risk, manifest),
        _no_notice(verdicts, notice, manifest),
        _listed(
            "testimonial_outcome",
            outcomes,
            "reports a health outcome in a patient's own words, which readers take as typical.",
            "report a health outcome in patients' own words, which readers take as typical.",
        ),
        _listed(
            "guarantee",
            guarantees,
            "promises a result, which no treatment can.",
            "promise a result, which no treatment can.",
        ),
        _hidden(shown, risk, notice),
    )
    return tuple(finding for finding in found if finding is not None)


def _has_word(text: str, starts: Sequence[str]) -> bool:
    lowered = text.lower().replace("’", "'")
    return any(re.search(rf"(?<![a-z]){re.escape(start)}", lowered) for start in starts)


def _tells_risk(text: str, manifest: Manifest) -> bool:
    """Return whether a sentence speaks of a risk of the treatment, rather than denying it or naming a condition."""
    if text.rstrip().endswith("?"):
        return False
    cleaned = _NOT_OF_TREATMENT.sub(" ", text).lower().replace("’", "'")
    for start in manifest.risk_terms:
        # "addict" is a use as well as a risk: only wording of the risk counts.
        if any(start.startswith(use) or use.startswith(start) for use in manifest.off_label_uses):
            if _LIABILITY.search(cleaned) and not re.search(rf"(?i){_DENIED}[\s-]+(?:\w+\s+){{0,3}}addict", cleaned):
                return True
            continue
        for match in re.finditer(rf"(?<![a-z]){re.escape(start)}", cleaned):
            before = cleaned[: match.start()]
            # "No treatment is without risk" says that there is one.
            if re.search(r"\b(?:no|not|never|nothing|none)\b.*\bwithout\b", before):
                return True
            if start.startswith("not ") or not re.search(rf"(?i){_DENIED}(?:[\s-]+[\w-]+){{0,3}}[\s-]*$", before):
                return True
    return False


def _benefits(verdicts: Sequence[Verdict], manifest: Manifest) -> list[Verdict]:
    names = re.compile(r"(?i)\b(?:" + "|".join(map(re.escape, {manifest.subject, *manifest.aliases})) + r")\b")
    return [
        verdict
        for verdict in verdicts
        if names.search(verdict.claim.text)
        and (_BENEFIT.search(verdict.claim.text) or verdict.claim.topic in _BENEFIT_TOPICS)
    ]


def _spans(verdicts: Sequence[Verdict]) -> tuple[Span, ...]:
    unique = dict.fromkeys(Span(verdict.claim.start, verdict.claim.end) for verdict in verdicts)
    return tuple(unique)[:MAX_SPANS]


def _no_risk(verdicts: Sequence[Verdict], risk: Sequence[Sentence], manifest: Manifest) -> PageFinding | None:
    claims = _benefits(verdicts, manifest)
    if risk or len(claims) < MIN_CLAIMS:
        return None
    return PageFinding(
        "no_risk_information",
        f"The page makes {len(claims)} claims of benefit for {manifest.subject} and names no risk or side effect "
        f"of it.",
        _spans(claims),
    )


def _no_notice(verdicts: Sequence[Verdict], notice: Sequence[Sentence], manifest: Manifest) -> PageFinding | None:
    # The subject alone: an alias may be a product whose label does name the use (esketamine for depression).
    subject = re.compile(rf"(?i)(?<![\w)-]){re.escape(manifest.subject)}\b")
    claims = [
        verdict
        for verdict in _benefits(verdicts, manifest)
        if subject.search(verdict.claim.text) and _has_word(verdict.claim.text, manifest.off_label_uses)
    ]
    if notice or len(claims) < MIN_CLAIMS:
        return None
    return PageFinding(
        "no_off_label_notice",
        f"The page offers {manifest.subject} for uses outside its approved label and does not say so.",
        _spans(claims),
    )


def _spans_of(sentences: Sequence[Sentence], test: Callable[[Sentence], bool]) -> tuple[Span, ...]:
    return tuple(Span(sentence.start, sentence.end) for sentence in sentences if test(sentence))


def _listed(kind: str, spans: tuple[Span, ...], one: str, many: str) -> PageFinding | None:
    if not spans:
        return None
    text = f"One sentence {one}" if len(spans) == 1 else f"{len(spans)} sentences {many}"
    return PageFinding(kind, text, spans[:MAX_SPANS])


def _is_outcome(sentence: Sentence) -> bool:
    text = sentence.text
    if text.rstrip().endswith("?") or _NO_OUTCOME.search(text) or not _OUTCOME.search(text):
        return False
    return _FIRST_PERSON.search(text) is not None


def _is_guarantee(sentence: Sentence) -> bool:
    text = sentence.text
    match = _GUARANTEE.search(text)
    if match is None or text.rstrip().endswith("?"):
        return False
    # A denial counts close by only: "no more pain, relief guaranteed" still promises.
    clause = re.split(r"[,;:–—]", text[: match.start()])[-1]
    before = " ".join(clause.split()[-6:]) + " " + match.group(0).lower().replace("never fails", "")
    denied = re.search(
        rf"(?i)(?:{_DENIED}|\bcannot\b|\bnothing\b|\bnone\b|\bbeware\b|\bany (?:clinic|provider)|\bunable\b)", before
    )
    return not denied and not re.match(rf"(?i)\s*(?:\w+\s+){{0,3}}(?:{_DENIED}|myth\b)", text[match.end() :])


def _hidden(shown: Sequence[Sentence], risk: Sequence[Sentence], notice: Sequence[Sentence]) -> PageFinding | None:
    """Return the finding that every notice of one kind is out of sight."""
    disclaimers = [sentence for sentence in shown if _DISCLAIMER.search(sentence.text)]
    buried: list[Sentence] = []
    kinds = []
    for name, group in (("the risks", risk), ("off-label use", notice), ("what to expect", disclaimers)):
        if group and not any(sentence.visible for sentence in group):
            buried.extend(group)
            kinds.append(name)
    if not buried:
        return None
    spans = sorted({(sentence.start, sentence.end) for sentence in buried})
    return PageFinding(
        "disclaimer_hidden",
        f"All that the page says on {' and '.join(kinds)} stands in text that is hidden, or collapsed until opened.",
        tuple(Span(start, end) for start, end in spans[:MAX_SPANS]),
    )
