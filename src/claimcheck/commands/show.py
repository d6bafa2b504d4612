"""``claimcheck show``: what a page said, from its capture."""

import base64
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimcheck.commands.exhibit import Exhibit, Passage, exhibit_of
from claimcheck.errors import UsageError
from claimcheck.records import Certainty, Label, Overstatement, Source, Stance
from claimcheck.report import words
from claimcheck.report.shown import clipped, one_line, quoted, safe_link, shown, source_link

if TYPE_CHECKING:
    from claimcheck.store import Store

__all__ = ["exhibit_html", "exhibit_text", "show"]

FORMATS = ("text", "html", "json")
SEVERITY_WORDS = ("none", "low", "medium", "high")
_MAX_PICTURE = 8_000_000
_PLACES_SHOWN = 5


@click.command(short_help="Show what the page of a finding said, from its capture.")
@click.argument("finding", type=click.IntRange(min=1))
@click.option("--store", "store_url", required=True, metavar="URL", help="The store: a path, or postgresql://…")
@click.option("--archive", type=click.Path(path_type=Path), help="The folder of captures. Default: beside the store.")
@click.option(
    "--format", "format_name", type=click.Choice(FORMATS), help="Default: by the suffix of --output, or text."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write there instead of printing.")
def show(finding: int, store_url: str, archive: Path | None, format_name: str | None, output: Path | None) -> None:
    """Show the sentence of FINDING (a number) as the page had it: read again from the captured bytes, in its context.

    Beside it: when and where it was captured, digests and the WARC record that anyone can open, the verdict and its
    evidence. What does not agree with what was noted at the time is said first.
    """
    from claimcheck.store import open_store

    by_suffix = {".html": "html", ".htm": "html", ".json": "json"}
    chosen = format_name or (by_suffix.get(output.suffix.lower(), "text") if output else "text")
    store = open_store(store_url, archive=archive, create=False)
    try:
        exhibit = exhibit_of(store, finding)
        text = _written(store, exhibit, chosen)
    finally:
        store.close()
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror}); choose another file") from error
    click.echo(f"claimcheck: finding {finding} written to {output}", err=True)


def _written(store: "Store", exhibit: Exhibit, format_name: str) -> str:
    if format_name == "json":
        values = asdict(exhibit) | {"checks": [{"what": what, "agrees": is_so} for what, is_so in exhibit.checks]}
        return json.dumps(values, indent=2, ensure_ascii=not _is_utf8()) + "\n"
    if format_name == "html":
        return exhibit_html(exhibit, picture=_picture(store, exhibit))
    return exhibit_text(exhibit)


def exhibit_text(exhibit: Exhibit) -> str:
    """Return an exhibit as text for a terminal or a file."""
    verdict = exhibit.verdict
    label = Label(verdict["label"])
    lines = [f"Finding {exhibit.finding} · {one_line(exhibit.site)}", ""]
    bad = [what for what, agrees in exhibit.checks if not agrees]
    if bad:
        lines += [
            "! THIS DOES NOT AGREE with what was noted at the time:",
            *(f"!   not so: {what}" for what in bad),
            "",
        ]
    lines += [
        f"{one_line(exhibit.title) or 'A page without a title'}",
        f"{one_line(exhibit.url)}",
        f"captured {_moment(exhibit.captured_at)}{_how(exhibit)}",
        "",
        *_said(exhibit.passage, exhibit),
    ]
    if exhibit.stored_passage is not None:
        lines += ["", "Extracted today, the page reads as above. The text that was checked was:", ""]
        lines += _said(exhibit.stored_passage, exhibit)
    lines += ["", f"Claim      {quoted(exhibit.claim)}"]
    review = " · needs review" if verdict["needs_review"] else ""
    lines.append(
        f"Verdict    {words.LABEL_WORD[label].upper()}, {words.confidence_words(verdict['confidence'])} · "
        f"{SEVERITY_WORDS[verdict['severity']]} severity{review}"
    )
    lines += [f"           {one_line(verdict['explanation'])}"] if verdict["explanation"] else []
    lines += [
        f"           Goes too far: it {words.OVERSTATEMENT_WORDS[Overstatement(w)]}." for w in verdict["overstates"]
    ]
    lines += _evidence_lines(verdict["evidence"])
    lines += _place_lines(exhibit)
    lines += [
        "",
        "What proves it",
        f"  WARC record   {exhibit.warc_file}, {exhibit.warc_length:,} bytes at {exhibit.warc_offset}",
        f"  its SHA-256   {exhibit.capture_sha256}",
        f"  page SHA-256  {exhibit.body_sha256}",
        *([f"  picture       {exhibit.screenshot}"] if exhibit.screenshot else []),
        *(f"  {'✓' if agrees else '✗'} {what}" for what, agrees in exhibit.checks),
        "",
        "It proves what was received at that time, not who wrote it. An automated reading: a person must check it.",
    ]
    return "\n".join(lines) + "\n"


def exhibit_html(exhibit: Exhibit, *, picture: str = "") -> str:
    """Return an exhibit as an HTML document that needs nothing else; ``picture`` is a data address."""
    from claimcheck.report.rendering import environment_of, style_of

    environment = environment_of("claimcheck.commands")
    environment.filters |= {"shown": shown, "quoted": quoted, "percent": words.percent, "source_link": source_link}
    verdict = exhibit.verdict
    return environment.get_template("exhibit.html.j2").render(
        exhibit=exhibit,
        verdict=verdict,
        label=Label(verdict["label"]),
        severity=SEVERITY_WORDS[verdict["severity"]],
        ways=[words.OVERSTATEMENT_WORDS[Overstatement(way)] for way in verdict["overstates"]],
        evidence=[_evidence_values(item) for item in verdict["evidence"]],
        probabilities=[(label, float(verdict["probabilities"].get(label.value, 0.0))) for label in words.LABEL_ORDER],
        bad=[what for what, agrees in exhibit.checks if not agrees],
        how=_how(exhibit),
        captured=_moment(exhibit.captured_at),
        link=safe_link(exhibit.url),
        picture=picture,
        words=words,
        **style_of("claimcheck.commands", "exhibit.css", base="report.css"),
    )


def _said(passage: Passage, exhibit: Exhibit) -> list[str]:
    lines = [f"  Under the heading {quoted(exhibit.heading)}"] if exhibit.heading else []
    if not exhibit.is_visible:
        lines.append("  (this text is hidden, or collapsed until a visitor opens it)")
    before = _tail(passage.before)
    after = clipped(passage.after, 300)
    lines += [f"  │ {before}"] if before else []
    lines.append(f"  █ {one_line(passage.sentence)}")
    lines += [f"  │ {after}"] if after else []
    return lines


def _tail(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= 300 else "…" + text[-299:].partition(" ")[2]


def _evidence_lines(evidence: list[dict[str, Any]]) -> list[str]:
    lines = []
    for item in evidence:
        values = _evidence_values(item)
        lines += [
            "",
            f"  {values['stance']}: {values['statement']}",
            f"    {values['certainty']} · {values['study']} · {values['citation']}",
        ]
        lines += [f"    What it does not show: {values['limits']}"] if values["limits"] else []
        lines += [f"    {values['link']}"] if values["link"] else []
    return ["", "Evidence", *lines[1:]] if lines else []


def _place_lines(exhibit: Exhibit) -> list[str]:
    if not exhibit.places:
        return []
    lines = ["", f"The site says the same on {exhibit.pages} page{'s' if exhibit.pages != 1 else ''}, also here:"]
    lines += [f"  {one_line(place.url)}" for place in exhibit.places[:_PLACES_SHOWN]]
    left = len(exhibit.places) - _PLACES_SHOWN
    return [*lines, *([f"  … and {left} more; --format json lists them"] if left > 0 else [])]


def _evidence_values(item: dict[str, Any]) -> dict[str, str]:
    source = Source(**item["source"])
    return {
        "id": one_line(item["id"]),
        "stance": words.STANCE_WORDS[Stance(item["stance"])].capitalize(),
        "statement": one_line(item["statement"]),
        "certainty": words.CERTAINTY_WORDS[Certainty(item["certainty"])],
        "limits": one_line(item["limits"]),
        "study": words.study_words(source),
        "citation": words.citation(source),
        "link": source_link(source),
    }


def _how(exhibit: Exhibit) -> str:
    if exhibit.is_rendered:
        return ", after its scripts had run in a browser"
    if exhibit.http_status is None:
        return ", from a file"
    return f", HTTP status {exhibit.http_status}"


def _moment(stamp: str) -> str:
    return stamp.replace("T", " ").replace("Z", " UTC")


def _picture(store: "Store", exhibit: Exhibit) -> str:
    """Return the screenshot as a data address; '' when there is none, it is too large, or it is not the one noted."""
    if not exhibit.screenshot or not exhibit.is_intact:
        return ""
    from claimcheck.capture.manifest import inside

    path = inside(store.archive, exhibit.screenshot)
    if path.stat().st_size > _MAX_PICTURE:
        return ""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
