"""Open entailment data as rows for the cross-encoder: one reader, one translation of foreign labels, and licences.

``LICENCES`` decides what may train a shipped model: sets whose licence forbids commercial use or derivatives, or that
state none, are for research models and measuring only. Files are ``pairs_<dataset>_<split>.jsonl.gz`` in a folder
given; ``--hub`` names in ``HUB`` load the same sets with the datasets library where there is a hub.
"""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

# dataset -> (licence as read in its repository, may train a shipped model)
LICENCES = {
    "scifact": ("CC BY 4.0 claims, ODC-By abstracts", True),
    "checkcovid": ("MIT", True),
    "pubmedqa": ("MIT", True),
    "evinf2": ("MIT", True),
    "scone": ("CC0 1.0", True),
    "fm2": ("Apache-2.0; Wikipedia text CC BY-SA", True),
    "mnlioverlap": ("MIT", True),
    "feversym": ("CC BY-SA 3.0", True),
    "healthver": ("none stated", False),
    "covidfact": ("none stated", False),
    "covidfactmv": ("none stated", False),
    "climatefever": ("none stated", False),
    "nli4ct": ("none stated", False),
    "citint": ("none stated", False),
    "litl": ("none stated", False),
    "sick": ("CC BY-NC-SA 3.0", False),
    "inscioutexaggeration": ("none stated", False),
}
HUB = {"scifact": "allenai/scifact", "pubmedqa": "qiaojin/PubMedQA", "healthver": "dwadden/healthver_entailment"}
TARGETS = {"entailment": "supported", "contradiction": "contradicted", "neutral": "not_enough"}
OUTPUTS = ("supported", "overstated", "contradicted", "not_enough")


def read_rows(path):
    """Yield the rows of a ``.jsonl`` or ``.jsonl.gz`` file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                yield json.loads(line)


def pair_rows(folder: Path, dataset: str, split: str) -> Iterator[dict]:
    """Yield {claim, premise, label} rows; SciFact's neutral premises are matched in length to its rationales.

    :raises FileNotFoundError: when the folder lacks the file.
    """
    for row in read_rows(folder / f"pairs_{dataset}_{split}.jsonl.gz"):
        premise = row["premise"]
        if row["label"] == "neutral":
            # SciFact's trap: three-sentence neutral premises give the label away by their length.
            premise = (row.get("meta") or {}).get("premise_matched") or premise
        yield {"claim": row["hypothesis"], "premise": premise, "label": TARGETS[row["label"]], "dataset": dataset}


def exaggeration_rows(folder: Path, split: str) -> Iterator[dict]:
    """Yield InSciOut press-release claims against abstract conclusions: what exaggerates is overstated."""
    for row in read_rows(folder / f"exaggeration_insciout_{split}.jsonl.gz"):
        label = "overstated" if row["label"] == "exaggerates" else "supported"
        yield {"claim": row["claim_text"], "premise": row["source_text"], "label": label,
               "dataset": "inscioutexaggeration", "gold": row["label"]}  # fmt: skip


def sampled(rows, count, seed):
    """Return at most ``count`` rows, drawn without replacement."""
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    return rows[:count]
