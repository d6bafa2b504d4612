"""Fit what stands between the readers and a verdict: aggregator, decision, review threshold, ways of overstating.

    python scripts/fit_verdict.py --gold ../shared/gold --models models

Fitted on real claims whose domains no reader was trained on (claims_train, and the linked claims that
make_verdict_rows.py kept for calibration). Probabilities are checked by cross-validation over domains; the decision
weights and the review threshold are chosen on those out-of-fold probabilities, never on claims_dev. Writes
models/verdict/aggregator.json and overstates.json.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, f1_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.entailment import OnnxCrossEncoder
from claimcheck.numbers import compare
from claimcheck.records import Claim, Overstatement
from claimcheck.retrieval import HybridRetriever, OnnxEncoder, load_index
from claimcheck.verdict.aggregate import LABELS
from claimcheck.verdict.features import FEATURE_NAMES, feature_vector
from claimcheck.verdict.judge import SET_SIZE, LinearJudge, Prepared, both_readings
from claimcheck.verdict.overstates import way_features
from claimcheck.verdict.phrasing import LinearPhrasing
from make_verdict_rows import kept_for_calibration
from open_datasets import read_rows

NAMES = [str(label) for label in LABELS]
DATA = Path(__file__).resolve().parent / "data"
FLAGGED = ("overstated", "contradicted")
# The targets of the project for flags: precision may not fall under this where recall is bought.
FLAG_PRECISION = 0.80
# Share of verdicts above the review threshold that may be wrong.
RISK_TARGET = 0.10
# A written variant teaches what a label looks like, not how common it is.
VARIANT_WEIGHT = 0.35


def calibration_rows(gold, variants):
    """Return claims that no reader was trained on: text, label, domain, weight, and whether they are real.

    Contradicted claims are rare on real pages (3 in 100), too rare to learn from; the contrast variants of calibration
    domains, kept from the readers too, show what they look like. Real claims alone set priors and confidence and are
    measured.
    """
    second = dict(line.split("\t")[:2] for line in (DATA / "second_pass.tsv").read_text(encoding="utf-8").splitlines())
    linked = [r for r in read_rows(gold / "claims_train_linked.jsonl") if kept_for_calibration(r["domain"])]
    rows = [{**r, "weight": 1.0, "real": True} for r in read_rows(gold / "claims_train.jsonl")]
    for row in linked:
        if row["label"] != "not_a_claim":
            # Two agreeing passes weigh more than two that differ.
            weight = 1.0 if second.get(row["id"]) == row["label"] else 0.5
            rows.append({**row, "weight": weight, "real": True})
    domains = {r["id"]: r["domain"] for r in linked}
    for row in read_rows(variants):
        if row["of"] in domains:
            found = {"text": row["text"], "label": row["verdict"], "domain": domains[row["of"]]}
            rows.append({**found, "weight": VARIANT_WEIGHT, "real": False})
    return rows


def prepare(texts, encoder, retriever, top_k=8, wordings=12):
    """Return texts as the judge takes them."""
    vectors = encoder.encode(texts)
    matches = retriever.search(vectors, texts, top_k)
    near = retriever.wordings(vectors, wordings)
    return [
        Prepared(Claim(f"c{i}", text, 0, len(text), text, "other"), vectors[i], tuple(matches[i]), tuple(near[i]))
        for i, text in enumerate(texts)
    ]


def features_of(prepared, readings):
    """Return the feature matrix of prepared claims, shape (claims, features)."""
    numbers = [compare(p.claim.text, [m.record for m in p.matches[:SET_SIZE]]) for p in prepared]
    return np.stack([
        feature_vector(p.claim.text, reading, p.matches, p.wordings, found)
        for p, reading, found in zip(prepared, readings, numbers, strict=True)
    ])  # fmt: skip


def model(strength):
    return LogisticRegression(C=strength, max_iter=2000)


@dataclass
class Data:
    """Claims to fit on: features (claims, features), labels, weights, domains, and which are real."""

    features: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    groups: np.ndarray
    real: np.ndarray


@dataclass
class Fit:
    """A regression over scaled features whose logits are stretched and shifted to the priors of real claims."""

    scaler: StandardScaler
    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, features):
        """Return probabilities, shape (claims, 4)."""
        return softmax(self.scaler.transform(features) @ self.weights.T + self.bias)


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def fit(data, rows, strength):
    """Return the regression fitted on some rows: weights on all of them, stretch and priors on the real ones."""
    scaler = StandardScaler().fit(data.features[rows])
    found = model(strength).fit(
        scaler.transform(data.features[rows]), data.labels[rows], sample_weight=data.weights[rows]
    )
    order = [list(found.classes_).index(name) for name in NAMES]
    weights, bias = found.coef_[order], found.intercept_[order]
    real = rows[data.real[rows]]
    logits = scaler.transform(data.features[real]) @ weights.T + bias
    goal = np.array([NAMES.index(name) for name in data.labels[real]])

    def loss(theta):
        chances = softmax(np.exp(theta[0]) * logits + np.append(theta[1:], 0.0))
        surprise = -np.log(np.clip(chances[np.arange(len(goal)), goal], 1e-9, 1))
        return float((surprise * data.weights[real]).sum() / data.weights[real].sum()) + 0.002 * float((theta**2).sum())

    theta = minimize(loss, np.zeros(4), method="L-BFGS-B").x
    return Fit(scaler, weights * np.exp(theta[0]), bias * np.exp(theta[0]) + np.append(theta[1:], 0.0))


def out_of_fold(data, strength, folds=8):
    """Return out-of-fold probabilities of the real claims, shape (real claims, 4), in their order."""
    out = np.zeros((len(data.labels), len(NAMES)))
    for train, test in GroupKFold(folds).split(data.features, data.labels, data.groups):
        out[test] = fit(data, train, strength).probabilities(data.features[test])
    return out[data.real]


def log_loss(probabilities, labels):
    return float(-np.mean([np.log(max(p[NAMES.index(y)], 1e-6)) for p, y in zip(probabilities, labels, strict=True)]))


def metrics(labels, predicted):
    """Return the figures of the project over labels and predictions."""
    flag = np.isin(labels, FLAGGED), np.isin(predicted, FLAGGED)
    both = (flag[0] & flag[1]).sum()
    return {
        "n": len(labels),
        "macro_f1": round(f1_score(labels, predicted, average="macro", labels=sorted(set(labels)), zero_division=0), 3),
        "kappa": round(cohen_kappa_score(labels, predicted), 3),
        "flag_precision": round(float(both / max(flag[1].sum(), 1)), 3),
        "flag_recall": round(float(both / max(flag[0].sum(), 1)), 3),
        "f1": {n: round(f1_score(labels == n, predicted == n, zero_division=0), 3) for n in NAMES},
    }


def choose_decision(probabilities, labels):
    """Return decision weights: best sum of macro-F1, kappa and capped flag recall, with the precision floor in mind."""
    best, chosen = -1.0, np.ones(4)
    for over in np.arange(1.0, 1.9, 0.1):
        # Weights under 2.5 are not tried here: a missed contradiction can harm a patient.
        for against in (2.5, 3.0, 3.5, 4.0):
            for unknown in (0.8, 1.0, 1.25, 1.5, 2.0):
                weights = np.array([1.0, over, against, unknown])
                found = metrics(labels, np.array(NAMES)[(probabilities * weights).argmax(axis=1)])
                short = max(0.0, FLAG_PRECISION - found["flag_precision"])
                value = found["macro_f1"] + found["kappa"] + 0.7 * min(found["flag_recall"], 0.9) - 1.5 * short
                if value > best:
                    best, chosen = value, weights
    return chosen


def review_threshold(probabilities, labels, weights):
    """Return the smallest confidence above which at most RISK_TARGET of verdicts are wrong, and the coverage there."""
    picked = (probabilities * weights).argmax(axis=1)
    confidence = probabilities[np.arange(len(picked)), picked]
    right = np.array(NAMES)[picked] == labels
    order = np.argsort(-confidence)
    risk = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    allowed = np.flatnonzero(risk <= RISK_TARGET)
    last = int(allowed.max()) if len(allowed) else 0
    return float(confidence[order][last]), (last + 1) / len(order)


def calibration_error(probabilities, labels, weights, bins=10):
    """Return the expected calibration error of the chosen labels over bins of equal mass."""
    picked = (probabilities * weights).argmax(axis=1)
    confidence = probabilities[np.arange(len(picked)), picked]
    right = (np.array(NAMES)[picked] == labels).astype(float)
    order = np.argsort(confidence)
    return float(
        sum(len(b) / len(order) * abs(confidence[b].mean() - right[b].mean()) for b in np.array_split(order, bins))
    )


def fit_aggregator(data):
    """Return the aggregator as JSON numbers, and what was measured out of fold on real claims."""
    labels = data.labels[data.real]
    trials = {c: out_of_fold(data, c) for c in (0.003, 0.01, 0.03, 0.1, 0.3)}
    strength = min(trials, key=lambda c: log_loss(trials[c], labels))
    probabilities = trials[strength]
    decision = choose_decision(probabilities, labels)
    threshold, coverage = review_threshold(probabilities, labels, decision)
    fitted = fit(data, np.arange(len(data.labels)), strength)
    stored = {
        "features": list(FEATURE_NAMES), "labels": NAMES, "mean": fitted.scaler.mean_.round(6).tolist(),
        "scale": fitted.scaler.scale_.round(6).tolist(), "weights": fitted.weights.round(6).tolist(),
        "bias": fitted.bias.round(6).tolist(), "decision": decision.round(3).tolist(),
        "review_threshold": round(threshold, 4),
    }  # fmt: skip
    measured = metrics(labels, np.array(NAMES)[(probabilities * decision).argmax(axis=1)])
    measured |= {
        "strength": strength,
        "log_loss": round(log_loss(probabilities, labels), 4),
        "coverage_at_risk": round(coverage, 3),
        "ece": round(calibration_error(probabilities, labels, decision), 4),
        "decision": decision.round(2).tolist(),
    }
    return stored, measured


def fit_ways(corpora, gold, encoder):
    """Return the ways-of-overstating model as JSON numbers and its macro-F1 on benchmark records."""
    codes = [str(code) for code in Overstatement]
    texts, targets, held = [], [], []
    for folder, corpus in corpora:
        for record in corpus.records:
            for example in record.examples:
                if example.overstates:
                    texts.append(example.text)
                    targets.append([str(code) in example.overstates for code in codes])
                    held.append(record.fold == "benchmark")
        for path in (folder / "training" / f"{name}.jsonl" for name in ("variants", "pages", "claims")):
            for row in read_rows(path) if path.is_file() else []:
                for claim in row.get("claims", [row]):
                    if claim.get("overstates"):
                        texts.append(claim["text"])
                        targets.append([code in claim["overstates"] for code in codes])
                        held.append(False)
    for row in [*read_rows(gold / "claims_train.jsonl"), *read_rows(gold / "claims_train_linked.jsonl")]:
        if row["label"] == "overstated" and row["overstates"]:
            texts.append(row["text"])
            targets.append([code in row["overstates"] for code in codes])
            held.append(False)
    matrix, target, held = way_features(encoder.encode(texts), texts), np.array(targets), np.array(held)
    weights, bias, thresholds, scores = [], [], [], {}
    for j, code in enumerate(codes):
        fitted = LogisticRegression(C=3.0, max_iter=2000, class_weight="balanced").fit(matrix[~held], target[~held, j])
        chance = fitted.predict_proba(matrix[held])[:, 1]
        inner = fitted.predict_proba(matrix[~held])[:, 1]
        threshold = max(
            np.arange(0.3, 0.9, 0.05), key=lambda t: f1_score(target[~held, j], inner >= t, zero_division=0)
        )
        weights.append(fitted.coef_[0].round(5).tolist())
        bias.append(round(float(fitted.intercept_[0]), 5))
        thresholds.append(round(float(threshold), 3))
        scores[code] = round(f1_score(target[held, j], chance >= threshold, zero_division=0), 3)
    return {"codes": codes, "weights": weights, "bias": bias, "thresholds": thresholds}, scores | {"texts": len(texts)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, nargs="+", default=[Path("corpus/ketamine")])
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--readers", nargs="+", default=["fast", "accurate"])
    parser.add_argument("--only", choices=["aggregator", "ways"], default=None)
    args = parser.parse_args()
    encoder = OnnxEncoder(args.models / "encoder")
    corpora = [(folder, YamlCorpusReader().read(folder)) for folder in args.corpus]
    corpus = corpora[0][1]
    out = args.models / "verdict"
    out.mkdir(parents=True, exist_ok=True)
    if args.only != "ways":
        retriever = HybridRetriever(
            corpus,
            load_index(
                corpus, encoder, shipped=args.models / "index" / f"{corpus.manifest.name}.npz", cache=Path("runs")
            ),
        )
        rows = calibration_rows(args.gold, args.corpus[0] / "training" / "variants.jsonl")
        prepared = prepare([row["text"] for row in rows], encoder, retriever)
        columns = {key: np.array([row[key] for row in rows]) for key in ("label", "weight", "domain", "real")}
        path = out / "aggregator.json"
        stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        fits = {}
        phrasing = LinearPhrasing.load(out)
        judge = LinearJudge(OnnxCrossEncoder(args.models / "reader-fast"), None, None, phrasing, min_confidence=1.0)
        readings = judge.read(prepared)
        for name in args.readers:
            if name == "accurate":
                readings = both_readings(OnnxCrossEncoder(args.models / "reader-accurate"), prepared, readings)
            stored[name], measured = fit_aggregator(
                Data(
                    features_of(prepared, readings),
                    columns["label"],
                    columns["weight"],
                    columns["domain"],
                    columns["real"],
                )
            )
            print(name, json.dumps(measured), flush=True)
            fits[name] = measured
        (out / "fit.json").write_text(json.dumps(fits, indent=1) + "\n", encoding="utf-8")
        path.write_text(json.dumps(stored) + "\n", encoding="utf-8")
    if args.only != "aggregator":
        ways, scores = fit_ways(corpora, args.gold, encoder)
        (out / "overstates.json").write_text(json.dumps(ways) + "\n", encoding="utf-8")
        print("overstates", json.dumps(scores), flush=True)


if __name__ == "__main__":
    main()
