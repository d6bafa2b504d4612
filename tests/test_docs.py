"""The documentation says what the program does: commands, options, settings, formats, constants, snippets and links."""

import dataclasses
import importlib.util
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
import yaml

import claimcheck
from claimcheck import errors, findings, pipeline, retrieval
from claimcheck.cli import cli
from claimcheck.corpus.reader import Corpus, Manifest, list_packs, manifest_from_mapping
from claimcheck.page import Limits, load_source, split_sentences
from claimcheck.pipeline import Checker, Stages
from claimcheck.records import BlockKind, Certainty, Overstatement, Report, Verdict
from claimcheck.report import CSV_COLUMNS, report_schema
from claimcheck.report.words import OVERSTATEMENT_WORDS
from claimcheck.retrieval import HybridRetriever, build_index
from claimcheck.settings import SETTINGS_HELP, Settings
from claimcheck.verdict import judge, occlusion, phrasing
from claimcheck.verdict.aggregate import LinearAggregator
from claimcheck.verdict.features import CERTAINTY_WEIGHT, FEATURE_NAMES
from claimcheck.verdict.judge import LinearJudge
from claimcheck.verdict.overstates import LinearWays
from claimcheck.verdict.severity import HARM_TOPICS
from evidence_records import a_record
from toy_models import BagOfWords, NoPhrasing, ScriptedReader

ROOT = Path(__file__).resolve().parent.parent
README, CI = ROOT / "README.md", ROOT / ".ci" / "run"
DOCS = ROOT / "docs"
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
SAMPLE = ROOT / "examples" / "clinic.html"
CONTRADICTED = 2


def text_of(path):
    return path.read_text(encoding="utf-8")


def doc(name):
    return text_of(DOCS / name)


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def prose(text):
    """Return a page without its code blocks, where # opens a comment and a bracket is no link."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def codes(text):
    """Return everything that a page sets in code type."""
    return set(re.findall(r"`([^`\n]+)`", prose(text)))


def sections(text):
    """Return the text below each heading, up to the next heading of any level."""
    parts = re.split(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(command=cli, path="claimcheck"):
    """Yield (name, command) of every command that is no group."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from commands(command.get_command(context, name), f"{path} {name}")


LEAVES = dict(commands())


def options(command):
    return {name for item in command.params if isinstance(item, click.Option) for name in item.opts} - {"--help", "-h"}


@pytest.mark.parametrize("name", list(LEAVES))
def test_a_command_has_its_section_with_exactly_its_options(name):
    rows = re.findall(r"^\|([^|]*)\|", sections(doc("commands.md"))[name], re.MULTILINE)
    documented = {found for row in rows for found in re.findall(r"`(--?[a-z][a-z-]*)`", row)}
    assert documented == options(LEAVES[name])


def test_no_section_is_about_a_command_that_is_gone():
    groups = {path.rpartition(" ")[0] for path in LEAVES}
    found = {title for title in sections(doc("commands.md")) if title.startswith("claimcheck ")}
    assert found <= set(LEAVES) | groups


@pytest.mark.parametrize("name", list(LEAVES))
def test_every_choice_of_an_option_is_named(name):
    section = codes(sections(doc("commands.md"))[name])
    # What `check` explains is not explained again for options that are the same elsewhere.
    section |= codes(sections(doc("commands.md"))["claimcheck check"]) if name == "claimcheck evaluate" else set()
    choices = {c for item in LEAVES[name].params if isinstance(item.type, click.Choice) for c in item.type.choices}
    assert choices <= section


def command_lines():
    for path in PAGES:
        for block in blocks(text_of(path), "sh"):
            for part in re.split(r"&&|\n", block):
                words = shlex.split(part, comments=True)
                if words and words[0].rpartition("/")[2] == "claimcheck":
                    yield pytest.param(words[1:], id=f"{path.name}: {part.strip()}")


@pytest.mark.parametrize("words", list(command_lines()))
def test_command_lines_in_the_documentation_parse(words):
    command, rest = cli, words
    while isinstance(command, click.Group) and not (command.invoke_without_command and rest[0].startswith("-")):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"there is no command {rest[0]}"
        command, rest = found, rest[1:]
    values, arguments, _ = command.make_parser(click.Context(command)).parse_args(list(rest))
    for item in command.params:
        given = values.get(item.name)
        if isinstance(item.type, click.Choice) and given is not None:
            assert set(given if item.multiple else [given]) <= set(item.type.choices)
    assert arguments == []


def test_every_setting_is_documented_with_its_variable_and_default():
    section = sections(doc("commands.md"))["Settings"]
    for item in dataclasses.fields(Settings):
        default = f"`{item.default}`" if item.default != "" else ""
        row = f"| `{item.name}` | `CLAIMCHECK_{item.name.upper()}` |{f' {default} ' if default else ' '}|"
        assert row in section
    assert set(SETTINGS_HELP) == {item.name for item in dataclasses.fields(Settings)}
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(SETTINGS_HELP)


def test_exit_statuses_are_those_of_the_exceptions_and_the_program():
    statuses = set(map(int, re.findall(r"^\| (\d+) \|", doc("commands.md"), re.MULTILINE)))
    kinds = (errors.UsageError, errors.SourceError, errors.DamagedDataError)
    assert statuses == {0, 1, *(kind.exit_status for kind in kinds), 130, 141}


def test_the_limits_of_a_source_are_those_of_the_code():
    limits = Limits()
    size, seconds = f"{limits.max_bytes / 1e6:.0f} MB", f"{limits.timeout:.0f} seconds"
    assert f"{size} after decompression, {limits.max_redirects} redirects, {seconds}" in doc("commands.md")


def test_continuous_integration_runs_the_readmes_two_commands():
    lines = [line for block in blocks(sections_of_readme("Two commands"), "sh") for line in block.splitlines() if line]
    assert len(lines) == 2
    run = text_of(CI).splitlines()
    for line in lines:
        assert run.count(line) == 1
        # Bash passes over a failure within an && list: only a subshell that ends with it stops the script.
        place = run.index(line)
        assert (run[place - 1], run[place + 1]) == ("(", ")")
    assert lines[0].endswith("claimcheck check examples/clinic.html")
    assert lines[1].endswith("/pytest")


def sections_of_readme(title):
    """Return a section of the README with its code blocks."""
    return re.search(rf"^## {title}\n(.*?)(?=^## )", text_of(README), re.DOTALL | re.MULTILINE)[1]


def test_contributing_gives_the_same_set_up():
    line = blocks(sections_of_readme("Two commands"), "sh")[1]
    assert line in blocks(text_of(ROOT / "CONTRIBUTING.md"), "sh")


def slugs(path):
    titles = re.findall(r"^#+ (.+)$", prose(text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_relative_links_lead_somewhere(path):
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text_of(path))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or ROOT not in (file, *file.parents) or (anchor and anchor not in slugs(file)):
            wrong.append(target)
    assert wrong == []


def test_no_path_of_somebodys_machine_is_named():
    files = [*PAGES, CI, SAMPLE, ROOT / "pyproject.toml"]
    files += [path for folder in ("src", "scripts") for path in (ROOT / folder).rglob("*.py")]
    machine = re.compile(r"(?<![\w.~/])/(?:work|tmp|home|root|Users|mnt)/[\w.]|\.library\b|[A-Z]:\\Users")
    assert [f"{path.name}: {found[0]}" for path in files for found in machine.finditer(text_of(path))] == []


def words_of_schema(node):
    """Yield each property name and each fixed value of a JSON Schema."""
    if isinstance(node, dict):
        properties = node.get("properties", {})
        if "type" in node:
            yield from properties
        yield from (value for value in node.get("enum", ()) if isinstance(value, str))
        for key, value in node.items():
            yield from words_of_schema(value if key != "required" else None)
    elif isinstance(node, list):
        for item in node:
            yield from words_of_schema(item)


def test_every_key_and_value_of_the_json_is_documented():
    documented = codes(doc("report-format.md"))
    assert sorted(set(words_of_schema(report_schema())) - documented) == []


def test_the_csv_columns_are_documented_in_their_order():
    rows = re.findall(r"^\|([^|]*)\|", sections(doc("report-format.md"))["CSV"], re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(CSV_COLUMNS)


def test_every_reason_of_a_failure_is_documented():
    reasons = {kind.reason for kind in errors.SourceError.__subclasses__()}
    rows = re.findall(r"^\| `([a-z-]+)` \|", sections(doc("report-format.md"))["A source that failed"], re.MULTILINE)
    assert set(rows) == reasons


def test_every_feature_is_documented_and_no_other():
    rows = re.findall(r"^\|([^|]*)\|", sections(doc("how-it-decides.md"))["From features to a verdict"], re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(FEATURE_NAMES)


def test_constants_are_those_of_the_code():
    rows = re.findall(r"^\| `([A-Z_0-9]+)` \| ([\d.]+) \|", doc("how-it-decides.md"), re.MULTILINE)
    assert len(rows) == 10
    for name, value in rows:
        owner = next(module for module in (retrieval, judge, pipeline, phrasing, occlusion) if hasattr(module, name))
        assert float(value) == getattr(owner, name), name


def test_the_rule_for_evidence_in_conflict_gives_the_weights_of_certainty():
    weights = ", ".join(f"{level.replace('_', ' ')} {CERTAINTY_WEIGHT[level]:g}" for level in Certainty)
    assert f"{weights}." in sections(doc("how-it-decides.md"))["Evidence in conflict"]


def test_ways_topics_of_harm_and_findings_are_documented():
    text = doc("how-it-decides.md")
    for way in Overstatement:
        assert f"| `{way}` | {OVERSTATEMENT_WORDS[way]} |" in text
    named = re.search(r"^Topics of harm: (.+)$", text, re.MULTILINE)[1]
    assert set(re.findall(r"`(\w+)`", named)) == HARM_TOPICS
    kinds = set(report_schema()["$defs"]["finding"]["properties"]["kind"]["enum"])
    assert set(re.findall(r"^\| `(\w+)` \|", sections(text)["The page as a whole"], re.MULTILINE)) == kinds


def test_the_python_api_is_documented():
    text = doc("python-api.md")
    documented = codes(text) | set(re.findall(r"\w+", "".join(blocks(text, "python"))))
    methods = {name for name in vars(Checker) if not name.startswith("_")}
    named = {re.match(r"[\w.]+", code)[0].rpartition(".")[2] for code in documented if re.match(r"[\w.]+", code)}
    fields = {item.name for kind in (Report, Verdict) for item in dataclasses.fields(kind)}
    assert methods | fields <= named
    assert set(claimcheck.__all__) - {"__version__"} <= named


MANIFEST = Manifest("toy", "Toy", "1.0.0", "CC-BY-4.0", "ketamine", ("ketamine",), "the testers", "made up")


class EverySentence:
    """Check-worthiness for which everything is a claim."""

    threshold = 0.5

    def predict(self, sentences, vectors, headings):
        return np.ones(len(sentences))


class OneTopic:
    def predict(self, vectors):
        return ("other",) * len(vectors)


def toy_stages():
    corpus = Corpus(
        MANIFEST,
        (
            a_record(id="addictive", statement="Ketamine is addictive in some people."),
            a_record(id="cure", statement="Ketamine cures no depression and is not safe for everyone."),
        ),
        "0" * 64,
    )
    encoder = BagOfWords()
    weights = np.zeros((4, len(FEATURE_NAMES)))
    weights[:, :4] = np.eye(4)
    size = len(FEATURE_NAMES)
    aggregator = LinearAggregator(np.zeros(size), np.ones(size), weights, np.zeros(4), np.ones(4), 0.6)
    ways = LinearWays((Overstatement.CERTAINTY,), np.zeros((1, 262)), np.zeros(1), np.array([0.5]))
    reader = ScriptedReader({"not addictive": CONTRADICTED, "cures": CONTRADICTED})
    retriever = HybridRetriever(corpus, build_index(corpus, encoder))
    pack = {"pack": "toy", "records": 2, "sha256": "0"}
    versions = {"claimcheck": "0", "corpus": pack, "models": {}, "settings_sha256": "0"}
    judging = LinearJudge(reader, aggregator, ways, NoPhrasing())
    return Stages(corpus, encoder, retriever, EverySentence(), OneTopic(), reader, judging, versions)


@pytest.mark.parametrize("path", [README, DOCS / "python-api.md"], ids=lambda path: path.name)
def test_python_snippets_run_as_they_stand_one_after_the_other(path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    load = classmethod(lambda cls, settings=None: cls(settings or Settings(), toy_stages()))
    monkeypatch.setattr(Checker, "load", load)
    snippets = blocks(text_of(path), "python")
    namespace = {}
    for snippet in snippets:
        exec(compile(snippet, path.name, "exec"), namespace)  # noqa: S102 - the project's own documentation
    assert capsys.readouterr().out
    assert namespace["report"].verdicts
    if path != README:
        assert namespace["flagged"]


def test_the_sample_page_shows_a_newcomer_what_is_read():
    page = load_source(str(SAMPLE))
    sentences = split_sentences(page)
    body = [item for item in sentences if item.kind not in {BlockKind.META, BlockKind.HEADING}]
    assert 35 <= len(body) <= 50
    hidden = [item.text for item in body if not item.visible]
    assert "Giving ketamine for depression is an off-label use." in hidden
    assert "Individual results may vary." in hidden
    assert page.coverage.images_without_text == 1
    assert {"navigation", "cookie_banner"} <= set(page.coverage.reasons_dropped)


def test_the_sample_page_has_several_findings():
    page = load_source(str(SAMPLE))
    path = ROOT / "corpus" / "ketamine" / "pack.yaml"
    manifest = manifest_from_mapping(yaml.safe_load(text_of(path)), path)
    found = findings.page_findings(page, split_sentences(page), (), manifest)
    assert [item.kind for item in found] == ["testimonial_outcome", "guarantee", "disclaimer_hidden"]


def test_the_readme_names_the_packs_that_there_are():
    section = sections(text_of(README))["The evidence"]
    assert sorted(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)) == list_packs(ROOT / "corpus")


@pytest.mark.parametrize("name", ["results", "output"])
def test_the_readme_has_its_marks_once(name):
    text = text_of(README)
    assert len(re.findall(rf"<!-- {name}:start -->\n.+?<!-- {name}:end -->", text, re.DOTALL)) == 1
    assert text.count(f"<!-- {name}:") == 2


def test_the_changelog_knows_this_version():
    titles = re.findall(r"^## (\S+)", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert titles[0] == claimcheck.__version__


def readme_output():
    specification = importlib.util.spec_from_file_location("readme_output", ROOT / "scripts" / "readme_output.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


# Probabilities and counts may differ a little from one processor to the next; claims, evidence and words may not.
VARYING = re.compile(
    r"\(?(?:over |under )?\d+%\)?|^  [✗▲?✓] \w+ .*|\d+ claims were.*|^(?:further than the )?evidence\.$"
)


@pytest.mark.skipif(
    not any((ROOT / "models").glob("reader-*/model.onnx")), reason="no models here: they are trained by the scripts"
)
def test_the_output_in_the_readme_is_what_the_program_prints():
    module = readme_output()
    shown = blocks(module.MARKED.search(text_of(README))[0], "text")[0].strip("\n").split("\n")
    printed = {VARYING.sub("", line) for line in module.output().split("\n")}
    missing = [line for line in shown if line.strip() != "…" and VARYING.sub("", line) not in printed]
    assert missing == []
    assert any("✗ CONTRADICTED" in line for line in shown)
    assert any("▲ OVERSTATED" in line for line in shown)


def test_the_excerpt_keeps_the_head_and_the_worst_claim_of_each_flagged_verdict():
    made = readme_output().excerpt(
        "Title\nfile\n\n2 claims were checked.\n\nThe page as a whole\n  ⚑ One: a\n    “q”\n  ⚑ Two: b\n\n"
        "Claims that go too far (3)\n\n  ✗ CONTRADICTED  likely\n    “A”\n\n  ✗ CONTRADICTED  likely\n    “B”\n\n"
        "  ▲ OVERSTATED  likely\n    “C”\n\nSupported by the evidence (1)\n  ✓ D\n"
    )
    assert made.split("\n") == [
        "Title", "file", "", "2 claims were checked.", "", "The page as a whole", "  ⚑ One: a", "    “q”", "  …", "",
        "  ✗ CONTRADICTED  likely", "    “A”", "", "  …", "", "  ▲ OVERSTATED  likely", "    “C”", "", "  …",
    ]  # fmt: skip
