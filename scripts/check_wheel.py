"""Install a wheel into a fresh virtual environment and check a text: no torch, under 400 MB, the right verdicts.

Usage: python scripts/check_wheel.py dist/claimcheck-0.1.0-py3-none-any.whl
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

LIMIT_MB = 400
TEXT = "Ketamine is FDA approved for depression.\n\nKetamine blocks NMDA receptors in the brain.\n"


def main():
    wheel = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "venv"
        venv.create(place, with_pip=True)
        before = size_mb(place)
        subprocess.run([place / "bin" / "pip", "install", "-q", str(wheel)], check=True)
        if any((place / "lib").glob("python*/site-packages/torch")):
            sys.exit("the wheel pulls torch; a run must not need it")
        installed = size_mb(place) - before
        if installed > LIMIT_MB:
            sys.exit(f"{installed:.0f} MB installed, the limit is {LIMIT_MB} MB")
        page = Path(folder) / "page.txt"
        page.write_text(TEXT, encoding="utf-8")
        done = subprocess.run(
            [place / "bin" / "claimcheck", "check", str(page), "--format", "json"],
            capture_output=True, text=True, cwd=folder, check=False,
        )  # fmt: skip
        if done.returncode or done.stderr.strip():
            sys.exit(f"exit {done.returncode}, standard error: {done.stderr.strip() or 'empty'}")
        labels = [claim["label"] for claim in json.loads(done.stdout)["claims"]]
        if labels != ["contradicted", "supported"]:
            sys.exit(f"found {labels}, expected contradicted and supported")
    print(f"the wheel works alone: {installed:.0f} MB installed, no torch")


def size_mb(folder):
    """Return the size of a folder in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


if __name__ == "__main__":
    main()
