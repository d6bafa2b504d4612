"""Measure everything the documentation quotes, and write it: docs/results.md, the README's table, the model cards.

    python scripts/make_results.py --shared ../shared [--zero-shot FOLDER]

Reads docs/bench.json (scripts/bench_check.py) and docs/public.json (scripts/bench_public.py) where they are. No
sentence of the gold is written anywhere: only figures.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from open_datasets import LICENCES

ROOT = Path(__file__).resolve().parent.parent
MEASURES = (
    ("macro_f1", "macro-F1"), ("kappa", "Cohen's kappa"), ("flagged.precision", "flagged precision"),
    ("flagged.recall", "flagged recall"), ("labels.contradicted.recall", "contradicted recall"),
    ("accuracy", "accuracy"), ("ece", "calibration error"), ("error_at_80_coverage", "error at 80 % coverage"),
)  # fmt: skip
TARGETS = {
    "macro_f1": "≥ 0.75", "kappa": "≥ 0.70", "flagged.precision": "≥ 0.80", "flagged.recall": "≥ 0.90",
    "labels.contradicted.recall": "≥ 0.90", "ece": "≤ 0.05", "error_at_80_coverage": "≤ 0.10",
}  # fmt: skip


def evaluate(*arguments):
    """Return the JSON of ``claimcheck evaluate``, without the texts of errors."""
    command = [sys.executable, "-m", "claimcheck", "evaluate", *map(str, arguments), "--format", "json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    result = json.loads(done.stdout)
    result.pop("errors", None)
    return result


def measure(scores, path):
    """Return a measure as {"value", "low", "high"} by its dotted name, or None."""
    node = scores["measures"]
    for part in path.split("."):
        node = (node or {}).get(part)
    return node


def shown(estimate):
    """Return a measure with its interval as text."""
    if not estimate or estimate.get("value") is None:
        return "–"
    text = f"{estimate['value']:.2f}"
    if estimate.get("low") is not None:
        text += f" ({estimate['low']:.2f}–{estimate['high']:.2f})"
    return text


def table(rows, columns):
    """Return a Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def measure_all(shared, zero_shot):
    """Return every evaluation by name."""
    gold = shared / "gold"
    dev, train = gold / "claims_dev.jsonl", gold / "claims_train.jsonl"
    extra = ["--zero-shot", zero_shot] if zero_shot else []
    return {
        "dev": evaluate(dev, "--baselines", train, *extra),
        "dev_fast": evaluate(dev, "--model", "fast"),
        "dev_accurate": evaluate(dev, "--model", "accurate"),
        "benchmark": evaluate("benchmark"),
        "benchmark_fast": evaluate("benchmark", "--model", "fast"),
        "regenerative": evaluate("benchmark", "--pack", "regenerative"),
        "units": evaluate(gold / "units.jsonl", "--pages", shared / "pages"),
        "retrieval": evaluate(gold / "claims_train_linked.jsonl", "--stage", "retrieval"),
    }


def verdict_section(found):
    """Return the verdict figures on real claims and on the benchmark."""
    names = (
        ("dev", "claims_dev, cascade (default)"),
        ("dev_fast", "claims_dev, fast"),
        ("dev_accurate", "claims_dev, accurate"),
        ("benchmark", "benchmark, cascade"),
        ("benchmark_fast", "benchmark, fast"),
        ("regenerative", "regenerative benchmark, cascade"),
    )
    rows = [
        [title, TARGETS.get(path, ""), *(shown(measure(found[key]["scores"], path)) for key, _ in names)]
        for path, title in MEASURES
    ]
    parts = [table(rows, ["measure", "target", *(title for _, title in names)])]
    baselines = [
        [b["name"], *(shown(measure(b["scores"], path)) for path, _ in MEASURES[:5])]
        for b in found["dev"]["baselines"] or []
    ]
    parts.append(
        "Baselines on claims_dev, same rows:\n\n" + table(baselines, ["baseline", *(t for _, t in MEASURES[:5])])
    )
    review = found["dev"]["scores"]["measures"].get("review") or {}
    parts.append(
        f"At the shipped review threshold, {shown(review.get('coverage'))} of the verdicts on claims_dev stand without "
        f"review, with an error of {shown(review.get('error'))}."
    )
    triples = found["benchmark"]["triples"]["measures"]
    parts.append(
        f"Minimal triples of the benchmark: ordered rightly {shown(triples['ordered'])} of "
        f"{found['benchmark']['triples']['n']}, all three labels right {shown(triples['all_right'])} "
        "(target: 0.90 ordered)."
    )
    return "\n\n".join(parts)


def confusion(scores):
    """Return a confusion matrix as a table, gold by row."""
    labels = list(scores["confusion"])
    columns = sorted({name for row in scores["confusion"].values() for name in row} | set(labels))
    return table(
        [[g, *(scores["confusion"][g].get(c, 0) for c in columns)] for g in labels], ["gold \\ found", *columns]
    )


def pages_section(found):
    units = found["units"]["scores"]
    return (
        f"check-worthiness F1 {shown(measure(units, 'check_worthiness.f1'))} (target 0.88), "
        f"macro-F1 {shown(measure(units, 'macro_f1'))}, kappa {shown(measure(units, 'kappa'))}, "
        f"flagged precision {shown(measure(units, 'flagged.precision'))}, "
        f"flagged recall {shown(measure(units, 'flagged.recall'))}, over {units['n']} sentences of two pages."
        f"\n\n{confusion(units)}"
    )


def retrieval_section(found):
    linked, bench = found["retrieval"]["retrieval"]["measures"], found["benchmark"]["retrieval"]["measures"]
    rows = [
        [f"any gold record among the first {k}", shown(linked[f"any_at_{k}"]), shown(bench[f"any_at_{k}"])]
        for k in (1, 5, 10)
    ]
    return table(
        rows, ["", "linked real claims (trained on nine in ten domains)", "examples of records never trained on"]
    )


def public_section():
    path = ROOT / "docs" / "public.json"
    if not path.is_file():
        return "Not measured in this version."
    stored = json.loads(path.read_text(encoding="utf-8"))
    sets = list(next(iter(stored.values())))
    rows = [
        [
            name,
            *(stored[reader][name]["macro_f1"] for reader in stored),
            next(iter(stored.values()))[name]["published"] or "–",
        ]
        for name in sets
    ]
    return table(rows, ["macro-F1", *stored, "published"])


def speed_section():
    path = ROOT / "docs" / "bench.json"
    if not path.is_file():
        return "Not measured in this version."
    return f"```json\n{path.read_text(encoding='utf-8').strip()}\n```"


def fit_section():
    """Return what fit_verdict.py measured out of fold."""
    path = ROOT / "models" / "verdict" / "fit.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    keys = ("n", "macro_f1", "kappa", "flag_precision", "flag_recall", "log_loss", "ece", "coverage_at_risk")
    return table([[name, *(row[key] for key in keys)] for name, row in stored.items()], ["aggregator", *keys])


def runs_section():
    """Return the table of training runs that scripts/data/runs.jsonl keeps."""
    lines = (ROOT / "scripts" / "data" / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    keys = ("run", "model", "data", "lr", "loss", "kept_kappa", "shipped")
    rows = [["–" if row[key] is None else row[key] for key in keys] for row in map(json.loads, lines)]
    return table(rows, ["run", "parameters", "trained on", "learning rate", "loss", "kappa, kept claims", "shipped as"])


def learning_section():
    """Return what scripts/learning_curve.py measured."""
    path = ROOT / "docs" / "learning.json"
    points = json.loads(path.read_text(encoding="utf-8"))["points"]
    return table([[p["data"], p["claims"], p["kappa"]] for p in points], ["trained on", "claims", "kappa"])


RESULTS = """# Results

Written by `python scripts/make_results.py --shared ../shared`; every figure comes from the command beside it. Intervals
are 95 % bootstrap intervals. The gold was labelled by two passes of a language model, no clinician took part: their
agreement (kappa 0.867) is between passes of one kind, and people would agree less.

Nothing was trained on claims_dev, but one choice was made after looking at its figures: the least weight of
"contradicted" in the decision (2.5) was set when its recall there was 0.08. Read the figures below with that in mind.

## Verdicts

`claimcheck evaluate ../shared/gold/claims_dev.jsonl`: {dev_n} real claims of clinics that nothing was trained on.
`claimcheck evaluate benchmark`: {bench_n} examples of records and topics that nothing was trained on.

{verdicts}

Confusion on claims_dev (cascade):

{confusion}

## Whole pages

`claimcheck evaluate ../shared/gold/units.jsonl --pages ../shared/pages`: {pages}

## Retrieval

`claimcheck evaluate ../shared/gold/claims_train_linked.jsonl --stage retrieval` and `claimcheck evaluate benchmark`.

{retrieval}

## Aggregator, out of fold

`scripts/fit_verdict.py`, over domains, on the real claims kept from the readers; no part of claims_dev.

{fit}

## Training runs

In order; each goes on from the one before. Kappa is the reader's own label against the gold on 716 real claims kept
from all readers (`scripts/measure_reader.py`), before any aggregator. The mixes are drawn by `scripts/mix_rows.py` from
the rows of `scripts/make_verdict_rows.py`, in two shards:

- mix-d: `--seed 1 --take real-set=1 claim-set=1 page-set=1 example-set=0.28 variant-set=0.25 pair=0.07 negative=0.07`
- mix-e: `--seed 2 --take real-set=1 claim-set=1 page-set=0.6 example-set=0.1 variant-set=0.1 pair=0.05 negative=0.05`,
  with mix-d as `--seen` and `--again 0.15`

Readers of 81M are trained with `--freeze 2`; the shards of a pass start from one model and are averaged by
`scripts/average_models.py`.

{runs}

What more data brings, told by a linear model on the same kept claims (`scripts/learning_curve.py`; the standard error
of a kappa over 716 claims is about 0.03):

{learning}

## Public test sets

`scripts/bench_public.py`, macro-F1 in per cent. `fast` (22M parameters) and `accurate` (81M) are the shipped readers,
trained without any of these sets but SciFact's training part, and made for clinics' claims; `stage 1` is the 81M reader
before that, after entailment pairs alone. The published models (110M to 220M) were trained on the set's own training
part where nothing else is said. A reader trained for the handbook's question is no general fact checker: the figures
say how far it carries.

{public}

## Speed and memory

`scripts/bench_check.py --base BASE --model cascade`, on two cores.

{speed}
"""

CARD = """# {name}

{what}

- **Form:** {form}
- **Trained by:** {script}
- **Base:** {base}
- **Data:** {data}
- **Licence:** Apache-2.0 for the weights.
- **Figures:** docs/results.md, written by scripts/make_results.py.
- **Limits:** English; ketamine and esketamine claims above all; labels by language-model annotators under a written
  handbook, no clinician among them. The border between supported and overstated is where it errs most. Not medical or
  legal advice: a person checks every flag.
"""


def data_text(stage_one):
    """Return what a model was trained on, with licences."""
    own = (
        "examples and training claims of the evidence packs (CC BY 4.0), real clinic claims of the gold's training "
        "parts (paraphrases, labelled for this project)"
    )
    if not stage_one:
        return own + "."
    used = ("scifact", "checkcovid", "pubmedqa", "evinf2", "scone", "fm2", "mnlioverlap")
    sets = ", ".join(f"{name} ({LICENCES[name][0]})" for name in used)
    return f"{own}; before that entailment pairs of {sets}. No set that forbids commercial use or states no licence."


def write_cards():
    """Write a README beside every shipped model."""
    int8 = "int8 ONNX ({}), {} million parameters"
    cards = {
        "encoder": (
            "Sentence embeddings, 384 dimensions: finds evidence and labelled wordings for a claim.",
            "scripts/train_encoder.py, scripts/export_onnx.py",
            "all-MiniLM-L6-v2 (Apache-2.0)",
            False,
        ),
        "reader-fast": (
            "Reads a claim with evidence: supported, overstated, contradicted or not enough.",
            "scripts/train_cross_encoder.py, scripts/export_onnx.py",
            "all-MiniLM-L6-v2 (Apache-2.0)",
            True,
        ),
        "reader-accurate": (
            "The larger reader, for claims of which the small one is unsure.",
            "scripts/truncate_base.py, mix_rows.py, train_cross_encoder.py, average_models.py, export_onnx.py --blocks",
            "the lower 8 layers of all-mpnet-base-v2 (Apache-2.0)",
            True,
        ),
        "verdict": (
            "The aggregator that calibrates, the phrasing model, and the ways of overstating.",
            "scripts/train_phrasing.py, scripts/fit_verdict.py",
            "logistic regressions",
            False,
        ),
        "claims": (
            "Check-worthiness and topics of sentences and claims.",
            "scripts/train_worthiness.py",
            "logistic regressions over the encoder",
            False,
        ),
    }
    for name, (what, script, base, stage_one) in cards.items():
        folder = ROOT / "models" / name
        config = folder / "config.json"
        form = "JSON numbers and plain arrays"
        if config.is_file():
            scales = (
                "a scale for each block of 128"
                if name == "reader-accurate"
                else "weights a channel, activations a tensor"
            )
            form = int8.format(scales, round(json.loads(config.read_text(encoding="utf-8"))["parameters"] / 1e6))
        text = CARD.format(name=name, what=what, form=form, script=script, base=base, data=data_text(stage_one))
        (folder / "README.md").write_text(text, encoding="utf-8")


def fill_readme(found):
    """Put the headline figures between the README's marks."""
    rows = [
        [
            title,
            TARGETS.get(path, ""),
            shown(measure(found["dev"]["scores"], path)),
            shown(measure(found["benchmark"]["scores"], path)),
        ]
        for path, title in MEASURES
    ]
    body = table(rows, ["measure", "target", "real claims", "held-out records"])
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    marks = r"(<!-- results:start -->\n).*?(<!-- results:end -->)"
    if not re.search(marks, text, re.S):
        raise SystemExit("README.md has no results marks")
    path.write_text(re.sub(marks, lambda m: f"{m[1]}{body}\n{m[2]}", text, flags=re.S), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--zero-shot", help="an entailment cross-encoder for the zero-shot baseline")
    args = parser.parse_args()
    found = measure_all(args.shared, args.zero_shot)
    text = RESULTS.format(
        dev_n=found["dev"]["scores"]["n"], bench_n=found["benchmark"]["scores"]["n"], verdicts=verdict_section(found),
        confusion=confusion(found["dev"]["scores"]), pages=pages_section(found), retrieval=retrieval_section(found),
        fit=fit_section(), public=public_section(), speed=speed_section(), runs=runs_section(),
        learning=learning_section(),
    )  # fmt: skip
    (ROOT / "docs" / "results.md").write_text(text, encoding="utf-8")
    write_cards()
    fill_readme(found)


if __name__ == "__main__":
    main()
