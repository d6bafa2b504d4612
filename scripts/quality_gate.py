"""Fail when the verdicts have become worse: measures against the floors in tests/quality_floors.json.

    python scripts/quality_gate.py                                 compare; exit status 1 when something fell
    python scripts/quality_gate.py --update                        raise the floors to what is measured less a margin
    python scripts/quality_gate.py --update --allow-regression     set them there even where that is lower

Measured with the default settings: the pack's benchmark, and, where the shared gold is beside the checkout, claims_dev
and the units of its pages. Margins (claimcheck.evaluate.gate.MARGINS): 0.012 on the benchmark, 0.024 on claims_dev,
0.051 on units. No interval is resampled, so that nothing depends on a seed.
"""

import argparse
import sys
from pathlib import Path

from claimcheck.errors import ClaimcheckError
from claimcheck.evaluate import Options, Resampling, benchmark_rows, evaluate, gate, read_dataset

ROOT = Path(__file__).resolve().parent.parent


def evaluations(judge, corpus, shared):
    """Return the evaluations to guard, by name of their rows."""
    once = Resampling(0)
    known = [record.id for record in corpus.records]
    found = {"benchmark": evaluate(judge, benchmark_rows(corpus), Options("claims", resampling=once), known_ids=known)}
    gold, pages = shared / "gold", shared / "pages"
    if (gold / "claims_dev.jsonl").is_file():
        rows = read_dataset(gold / "claims_dev.jsonl", kind="claims")
        found["claims_dev"] = evaluate(judge, rows, Options("claims", resampling=once))
    if (gold / "units.jsonl").is_file() and pages.is_dir():
        rows = read_dataset(gold / "units.jsonl", kind="units")
        found["units"] = evaluate(judge, rows, Options("units", pages=pages, resampling=once))
    return found


def run(judge, corpus, args):
    """Return the exit status: 0, or 1 when something is beyond its floor."""
    found = evaluations(judge, corpus, args.shared)
    for name in gate.GUARDED:
        if name not in found:
            print(f"quality gate: {name} is not measured: its rows are not in {args.shared}", file=sys.stderr)
    floors = gate.read_floors(args.floors)
    if args.update:
        floors = gate.updated(floors, found, allow_regression=args.allow_regression)
        gate.write_floors(args.floors, floors)
    print("\n".join(gate.table(found, floors)))
    fell = gate.failing(floors, found)
    for item in fell:
        print(f"quality gate: {item.path}: {item.what}", file=sys.stderr)
    return 1 if fell else 0


def arguments(values=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--floors", type=Path, default=ROOT / "tests" / "quality_floors.json")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="the folder with gold and pages")
    parser.add_argument("--update", action="store_true", help="raise the floors to what is measured")
    parser.add_argument("--allow-regression", action="store_true", help="with --update: floors may fall too")
    args = parser.parse_args(values)
    if args.allow_regression and not args.update:
        parser.error("--allow-regression changes what --update writes; give both")
    return args


def main():
    args = arguments()
    try:
        from claimcheck.pipeline import Checker
        from claimcheck.settings import Settings

        checker = Checker.load(Settings())
        sys.exit(run(checker, checker.stages.corpus, args))
    except ClaimcheckError as error:
        print(f"quality gate: {error}", file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
