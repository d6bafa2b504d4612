"""A small valid pack on tea, to be spoilt one way at a time."""

import copy
import datetime
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from claimcheck.corpus.writer import dump_rows

TODAY = datetime.date(2026, 6, 1)

MANIFEST: dict[str, Any] = {
    "name": "tea",
    "title": "Tea",
    "version": "1.0.0",
    "licence": "CC-BY-4.0",
    "subject": "tea",
    "aliases": ["tea", "green tea"],
    "curators": "the testers",
    "method": "Made up for tests.",
    "topics": {"efficacy": ["alertness", "sleep"], "law": ["tea_law"]},
}

ALERT: dict[str, Any] = {
    "id": "tea-alert-doe-2020",
    "topic": "alertness",
    "statement": "In 40 adults one cup of black tea shortened reaction time by 12% for two hours.",
    "population": "40 healthy adults",
    "intervention": "one cup of black tea",
    "figures": {"change_pct": -12, "duration_h": 2},
    "direction": "benefit",
    "certainty": "low",
    "certainty_reason": "one small trial",
    "limits": "Says nothing of daily use.",
    "source": {
        "type": "rct",
        "title": "Tea and reaction time",
        "authors": "Doe J et al.",
        "year": 2020,
        "journal": "J Tea",
        "pmid": "12345678",
        "doi": "10.1000/tea.1",
        "url": "https://example.org/tea-1",
    },
    "status": "current",
    "checked": "2026-05-01",
    "verified": "search",
    "hard_negatives": ["tea-sleep-roe-2021"],
    "examples": [
        {"text": "Tea may sharpen your reactions for a while.", "verdict": "supported", "triple": "tea-t1"},
        {"text": "Tea makes you sharp.", "verdict": "overstated", "overstates": ["certainty"], "triple": "tea-t1"},
        {"text": "Tea makes your reactions perfect forever.", "verdict": "contradicted", "triple": "tea-t1"},
        {"text": "In a small trial people reacted faster after tea.", "verdict": "supported", "register": "blog"},
        {"text": "Studies prove the power of tea.", "verdict": "overstated", "overstates": ["certainty", "scope"]},
        {"text": "Nobody has ever studied tea and reactions.", "verdict": "contradicted"},
    ],
}  # fmt: skip
SLEEP: dict[str, Any] = ALERT | {
    "id": "tea-sleep-roe-2021",
    "topic": "sleep",
    "statement": "A review found that evening tea delays sleep in adults who are sensitive to caffeine.",
    "population": "adults",
    "figures": {},
    "direction": "harm",
    "hard_negatives": [],
    "examples": [
        {"text": "Evening tea can keep some people awake.", "verdict": "supported"},
        {"text": "Caffeine in tea may delay sleep.", "verdict": "supported"},
        {"text": "Evening tea ruins everybody's night.", "verdict": "overstated", "overstates": ["scope"]},
        {"text": "One sip after six and you will lie awake.", "verdict": "overstated", "overstates": ["magnitude"]},
        {"text": "Black tea holds no caffeine.", "verdict": "contradicted"},
        {"text": "Tea at night never affects sleep.", "verdict": "contradicted"},
    ],
}
LAW: dict[str, Any] = ALERT | {
    "id": "tea-law-label-2024",
    "topic": "tea_law",
    "statement": "A 2024 rule lets sellers call only leaves of the tea plant tea.",
    "population": "",
    "figures": {"year": 2024},
    "direction": "fact",
    "certainty": "high",
    "source": {"type": "law", "title": "Tea rule", "authors": "Tea Agency", "year": 2024, "url": "https://example.org/law"},
    "hard_negatives": [],
    "conflicts_with": ["tea-alert-doe-2020"],
    "conflict_note": "They do not really; the field has to stand somewhere.",
    "examples": [
        {"text": "By law only the leaves of one plant may be sold as tea.", "verdict": "supported"},
        {"text": "The word tea is protected.", "verdict": "supported"},
        {"text": "The law guarantees the finest leaves.", "verdict": "overstated", "overstates": ["magnitude"]},
        {"text": "Every drink on our list meets the tea law.", "verdict": "overstated", "overstates": ["scope"]},
        {"text": "Anything may be sold as tea.", "verdict": "contradicted"},
        {"text": "No rule says what tea is.", "verdict": "contradicted"},
    ],
}  # fmt: skip

Rows = dict[str, dict[str, Any]]


def write_pack(root: Path, spoil: Callable[[Rows], None] = lambda rows: None, **manifest: Any) -> Path:
    """Write the tea pack below ``root`` after ``spoil`` has changed its records (by topic), and return its folder."""
    # One by one: copied together they would go on sharing what they share here.
    rows = {"alertness": copy.deepcopy(ALERT), "sleep": copy.deepcopy(SLEEP), "tea_law": copy.deepcopy(LAW)}
    spoil(rows)
    folder = root / "tea"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.yaml").write_text(yaml.safe_dump(MANIFEST | manifest), encoding="utf-8")
    for name, row in rows.items():
        (folder / f"{name}.yaml").write_text(dump_rows([row]), encoding="utf-8")
    return folder


def set_field(*path: str | int, to: object) -> Callable[[Rows], None]:
    """Return a spoiler that sets one field, given by its path from the topic down."""

    def spoil(rows: Rows) -> None:
        holder: Any = rows
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = to

    return spoil


class WordEncoder:
    """A bag of words, which is near enough to tell near duplicates."""

    digest = "words"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors of word counts, in 512 buckets."""
        rows = np.zeros((len(texts), 512), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[zlib.crc32(word.encode()) % 512] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
