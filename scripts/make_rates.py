"""Write models/rates.json: the known rates of error that case files quote, from one evaluation of the shipped models.

    claimcheck evaluate ROWS.jsonl --format json --output evaluation.json
    python scripts/make_rates.py evaluation.json --data "279 real claims of clinics that nothing was trained on, …"

The evaluation must be of the models in ``models/`` as they are; the file names their digests, and a case file of a
store that other models judged says so.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def rates_of(evaluation, data, measured):
    """Return the content of rates.json for an evaluation document."""
    if evaluation.get("schema") != "claimcheck.evaluation/1" or not evaluation.get("scores"):
        raise SystemExit("expected the JSON of `claimcheck evaluate` with scores")
    return {
        "schema": "claimcheck.rates/1",
        "measured": measured,
        "data": data,
        "confusion": evaluation["scores"]["confusion"],
        "models": evaluation["versions"]["models"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--data", required=True, help="what was measured on, to follow the words 'measured on'")
    parser.add_argument("--measured", default=datetime.now(UTC).date().isoformat(), help="the day of measuring")
    parser.add_argument("--output", type=Path, default=ROOT / "models" / "rates.json")
    arguments = parser.parse_args()
    evaluation = json.loads(arguments.evaluation.read_text(encoding="utf-8"))
    rates = rates_of(evaluation, arguments.data, arguments.measured)
    arguments.output.write_text(json.dumps(rates, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(arguments.output, file=sys.stderr)


if __name__ == "__main__":
    main()
