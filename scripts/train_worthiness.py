"""Train check-worthiness and topics on labelled page units, and write both models as JSON numbers.

    python scripts/train_worthiness.py --encoder models/encoder --pages corpus/ketamine/pages/*.jsonl \
        --gold ../shared/gold --pack corpus/ketamine --out models/claims

``--encoder`` is the shipped ONNX encoder's folder or a sentence-transformers folder. Page units (one JSON line each:
page, block, text, claims) train both models; the gold *training* claims add examples of claims, and their rows labelled
not_a_claim examples of the rest. Precision, recall and F1 come from cross-validation in which all units of a page are
held out together; the threshold is the one with the best F1 there. ``--measure FILE --measure-pages FOLDER`` scores the
finished model on labelled units of other pages. The result depends on the data, the encoder and the seed only.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_recall_fscore_support
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from claimcheck.claims import FEATURES, TOPICS, LinearTopic, LinearWorthiness, design_matrix, headings_of
from claimcheck.claims.topics import FORMAT as TOPIC_FORMAT
from claimcheck.claims.worthiness import FORMAT as WORTHINESS_FORMAT
from claimcheck.claims.worthiness import NOTHING, asserts_nothing
from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.page import load_source, split_sentences
from claimcheck.records import BlockKind, Sentence

# Unit embeddings have coordinates near 1/sqrt(d); scaled up, one penalty fits them and the 0/1 features alike. The
# embeddings of what comes before and above a sentence say less of it, so they are held down more. On 4,341 units of 95
# pages F1 was 0.911 with (6, 3, 3), 0.909 with (8, 4, 4), 0.893 without the third and 0.870 with the features alone.
SCALES = (6.0, 3.0, 3.0)
TOPIC_SCALE = 8.0
FOLDS = 10


def read_rows(path):
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def load_encoder(folder, threads):
    """Return a function from texts to unit vectors, and the encoder's digest or name."""
    if (folder / "model.onnx").is_file():
        from claimcheck.retrieval import OnnxEncoder

        encoder = OnnxEncoder(folder, threads=threads)
        return encoder.encode, encoder.digest
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads or 1)
    model = SentenceTransformer(str(folder), device="cpu")
    return lambda texts: model.encode(list(texts), normalize_embeddings=True, batch_size=32), folder.name


def read_pages(paths):
    """Return (page, sentences, rows) for each page of the unit files, in order."""
    pages = {}
    for path in paths:
        for row in read_rows(path):
            pages.setdefault(row["page"], []).append(row)
    return [(name, sentences_of(rows), rows) for name, rows in pages.items()]


def sentences_of(rows):
    """Return a page's units as sentences, laid out as if each stood on its own line."""
    sentences, place = [], 0
    for number, row in enumerate(rows):
        sentences.append(Sentence(place, place + len(row["text"]), row["text"], number, BlockKind(row["block"])))
        place += len(row["text"]) + 1
    return sentences


def scaled(matrix, dimensions):
    """Return the design matrix with its embedding columns scaled up."""
    return matrix * column_scales(matrix.shape[1], dimensions)


def column_scales(columns, dimensions):
    """Return the factor of each column."""
    return np.concatenate([*(np.full(dimensions, scale) for scale in SCALES), np.ones(columns - 3 * dimensions)])


def fit(matrix, target, weight, strength, seed):
    """Return a fitted logistic regression."""
    return LogisticRegression(C=strength, max_iter=2000, tol=1e-3, random_state=seed).fit(
        matrix, target, sample_weight=weight
    )


def cross_validate(data, extra, strength, extra_weight, seed):
    """Return the probability of each page unit from the fold that did not see its page."""
    matrix, target, groups, silent = data
    probabilities = np.zeros(len(target))
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=seed).split(matrix, target, groups):
        model = fit_weighted((matrix[train], target[train]), extra, strength, extra_weight, seed)
        probabilities[test] = model.predict_proba(matrix[test])[:, 1]
    return np.where(silent, np.minimum(probabilities, NOTHING), probabilities)


def fit_weighted(data, extra, strength, extra_weight, seed):
    """Return a logistic regression on page units, joined by the gold claims at their weight."""
    if extra_weight == 0:
        return fit(*data, None, strength, seed)
    weight = np.concatenate([np.ones(len(data[1])), np.full(len(extra[1]), extra_weight)])
    return fit(np.vstack([data[0], extra[0]]), np.concatenate([data[1], extra[1]]), weight, strength, seed)


def best_threshold(probabilities, target):
    """Return the threshold with the best F1."""
    return float(max(np.arange(0.2, 0.81, 0.01), key=lambda cut: f1_score(target, probabilities >= cut)).round(2))


def scores(probabilities, target, threshold):
    """Return precision, recall and F1 at a threshold."""
    values = precision_recall_fscore_support(target, probabilities >= threshold, average="binary", zero_division=0)[:3]
    return dict(zip(("precision", "recall", "f1"), (round(float(value), 3) for value in values), strict=True))


def gold_rows(folder):
    """Return the gold training claims of both files."""
    return [row for name in ("claims_train.jsonl", "claims_train_linked.jsonl") for row in read_rows(folder / name)]


def page_matrix(pages, encode):
    """Return the design matrix of all page units, labels, page numbers, and which assert nothing by their form."""
    vectors = encode([sentence.text for _, sentences, _ in pages for sentence in sentences])
    starts = np.cumsum([0, *(len(sentences) for _, sentences, _ in pages)])
    matrix = np.vstack(
        [
            design_matrix(sentences, vectors[start : start + len(sentences)], headings_of(sentences))
            for (_, sentences, _), start in zip(pages, starts[:-1], strict=True)
        ]
    )
    target = np.array([bool(row["claims"]) for _, _, rows in pages for row in rows], dtype=int)
    groups = np.array([number for number, (_, _, rows) in enumerate(pages) for _ in rows])
    silent = np.array([asserts_nothing(row["text"]) for _, _, rows in pages for row in rows])
    return scaled(matrix, vectors.shape[1]), target, groups, silent


def gold_matrix(rows, encode):
    """Return the design matrix and labels of the gold training claims, each as a paragraph of its own."""
    vectors = encode([row["text"] for row in rows])
    sentences = [Sentence(0, len(row["text"]), row["text"], 0, BlockKind.PARAGRAPH) for row in rows]
    alone = [design_matrix([s], vectors[i : i + 1], [""]) for i, s in enumerate(sentences)]
    target = np.array([int(row["label"] != "not_a_claim") for row in rows])
    return scaled(np.vstack(alone), vectors.shape[1]), target


def train_worthiness(args, pages, encode, digest):
    """Train, report and write the check-worthiness model."""
    data = page_matrix(pages, encode)
    extra = gold_matrix(gold_rows(args.gold), encode)
    matrix, target, _, _ = data
    best = None
    for strength, extra_weight in ((0.05, 0.0), (0.1, 0.0), (0.1, 0.1), (0.2, 0.0)):
        probabilities = cross_validate(data, extra, strength, extra_weight, args.seed)
        threshold = best_threshold(probabilities, target)
        chosen = {"threshold": threshold, "C": strength, "gold_weight": extra_weight}
        result = scores(probabilities, target, threshold) | chosen
        print(json.dumps(result), flush=True)
        if best is None or result["f1"] > best[0]["f1"]:
            best = (result, probabilities)
    result, probabilities = best
    kinds = np.array([sentence.kind.value for _, sentences, _ in pages for sentence in sentences])
    for kind in sorted(set(kinds)):
        mask = kinds == kind
        found = scores(probabilities[mask], target[mask], result["threshold"])
        print(kind, int(mask.sum()), "units", int(target[mask].sum()), "claims", json.dumps(found))
    model = fit_weighted((matrix, target), extra, result["C"], result["gold_weight"], args.seed)
    size = (matrix.shape[1] - len(FEATURES)) // 3
    weights = model.coef_[0] * column_scales(matrix.shape[1], size)
    report = result | {"pages": len(pages), "units": len(target), "claims": int(target.sum()), "folds": FOLDS}
    values = {
        "format": WORTHINESS_FORMAT,
        "encoder": digest,
        "trained": report | {"seed": args.seed},
        "threshold": result["threshold"],
        "bias": float(model.intercept_[0]),
        "features": list(FEATURES),
        "surface": numbers(weights[3 * size :]),
        "embedding": numbers(weights[:size]),
        "before": numbers(weights[size : 2 * size]),
        "above": numbers(weights[2 * size : 3 * size]),
    }
    write(args.out / "worthiness.json", values)


def numbers(values):
    """Return an array as a list of short numbers."""
    return [float(f"{value:.5g}") for value in values]


def write(path, values):
    """Write a model as JSON, one key a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in values.items())
    path.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def topic_rows(args, pages):
    """Return (text, topic, group) of every claim with a topic: pages, gold, the pack's examples but its benchmark's."""
    rows = [
        (claim["text"], claim["topic"], f"page {name}")
        for name, _, units in pages for unit in units for claim in unit["claims"] if claim.get("topic") in TOPICS
    ]  # fmt: skip
    rows += [(r["text"], r["topic"], f"gold {r['domain']}") for r in gold_rows(args.gold) if r.get("topic") in TOPICS]
    if args.pack:
        corpus = YamlCorpusReader().read(args.pack)
        for record in corpus.records:
            topic = corpus.manifest.topics.get(record.topic)
            if record.fold != "benchmark" and topic in TOPICS:
                rows += [(example.text, topic, f"record {record.id}") for example in record.examples]
    return rows


def train_topics(args, pages, encode, digest):
    """Train, report and write the topic model."""
    rows = topic_rows(args, pages)
    vectors = encode([text for text, _, _ in rows]) * TOPIC_SCALE
    target = np.array([TOPICS.index(topic) for _, topic, _ in rows])
    names = {name: number for number, name in enumerate(dict.fromkeys(group for _, _, group in rows))}
    groups = np.array([names[group] for _, _, group in rows])
    kinds = np.array([group.split()[0] for _, _, group in rows])
    # A record's topic is coarser evidence of what a claim is about than an annotator's, so its examples weigh less.
    weight = np.where(kinds == "record", args.record_weight, 1.0)
    predicted = np.zeros(len(target), dtype=int)
    for train, test in GroupKFold(4, shuffle=True, random_state=args.seed).split(vectors, target, groups):
        predicted[test] = fit(vectors[train], target[train], weight[train], 0.1, args.seed).predict(vectors[test])
    report = {kind: round(float((predicted == target)[kinds == kind].mean()), 3) for kind in sorted(set(kinds))}
    report |= {"claims": len(rows), "macro_f1": round(float(f1_score(target, predicted, average="macro")), 3)}
    print("topics", json.dumps(report), Counter(kinds.tolist()))
    model = fit(vectors, target, weight, 0.1, args.seed)
    weights = np.zeros((len(TOPICS), vectors.shape[1]))
    bias = np.full(len(TOPICS), -30.0)
    weights[model.classes_], bias[model.classes_] = model.coef_ * TOPIC_SCALE, model.intercept_
    values = {"format": TOPIC_FORMAT, "encoder": digest, "trained": report, "topics": list(TOPICS),
              "bias": numbers(bias), "weights": [numbers(row) for row in weights]}  # fmt: skip
    write(args.out / "topics.json", values)


def measure(args, encode):
    """Print precision, recall and F1 of the written model on labelled units of pages it never saw, read as in use."""
    model = LinearWorthiness.load(args.out / "worthiness.json")
    units = {}
    for row in read_rows(args.measure):
        units.setdefault(row["file"], []).append(row)
    found, target = [], []
    for name, rows in units.items():
        sentences = split_sentences(load_source(str(args.measure_pages / name)))
        worth = model.predict(sentences, encode([s.text for s in sentences]), headings_of(sentences))
        for row in rows:
            over = [w for w, s in zip(worth, sentences, strict=True) if s.start < row["end"] and row["start"] < s.end]
            found.append(max(over, default=0.0))
            target.append(int(row["label"] != "not_a_claim"))
    print("measured", len(target), "units", json.dumps(scores(np.array(found), np.array(target), model.threshold)))


def main():
    """Parse, train, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--pages", type=Path, nargs="+", required=True)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--pack", type=Path, help="pack whose examples join the training of topics")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--measure", type=Path, help="labelled units to score once at the end")
    parser.add_argument("--measure-pages", type=Path, help="folder of the files those units name")
    parser.add_argument("--only-measure", action="store_true", help="train nothing; score the model in --out")
    parser.add_argument("--record-weight", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=13)
    args = parser.parse_args()
    with threadpool_limits(args.threads):
        run(args)


def run(args):
    """Train both models unless only measuring, then measure."""
    encode, digest = load_encoder(args.encoder, args.threads)
    if not args.only_measure:
        pages = read_pages(args.pages)
        train_worthiness(args, pages, encode, digest)
        train_topics(args, pages, encode, digest)
        LinearTopic.load(args.out / "topics.json")
    if args.measure:
        measure(args, encode)


if __name__ == "__main__":
    main()
