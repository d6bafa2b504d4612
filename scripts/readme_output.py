"""Put a part of the real output on the sample page into the README, between its output marks.

    python scripts/readme_output.py

The part is the head, the first page finding, and the most serious claim of each flagged verdict; "…" stands for what is
left out. The line with the time of reading is left out too, since it differs from run to run.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = "examples/clinic.html"
COLUMNS = "92"
MARKED = re.compile(r"(?<=<!-- output:start -->\n).*?(?=<!-- output:end -->)", re.DOTALL)
TIME = re.compile(r" · read \S+")


def output():
    """Return what ``claimcheck check`` prints for the sample page."""
    done = subprocess.run(
        [sys.executable, "-m", "claimcheck", "check", SAMPLE],
        capture_output=True, encoding="utf-8", check=True, cwd=ROOT,
        env=os.environ | {"COLUMNS": COLUMNS, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"},
    )  # fmt: skip
    return TIME.sub("", done.stdout)


def excerpt(text):
    """Return the lines of the output that the README shows."""
    parts = [part.split("\n") for part in re.split(r"\n\n+", text.strip())]
    kept, seen = [], set()
    for part in parts:
        verdict = re.match(r"  [✗▲x^] ([A-Z]+)", part[0])
        if verdict is None and part[0].strip() == "The page as a whole":
            marks = [place for place, line in enumerate(part) if line.lstrip().startswith("⚑")]
            kept.append([*part[: marks[1]], "  …"] if len(marks) > 1 else part)
        elif verdict is None and not seen and not part[0].startswith("Claims that"):
            kept.append(part)
        elif verdict and verdict[1] not in seen and verdict[1] in {"CONTRADICTED", "OVERSTATED"}:
            seen.add(verdict[1])
            kept += [part, ["  …"]]
    return "\n\n".join("\n".join(part) for part in kept)


def main():
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    if len(MARKED.findall(text)) != 1:
        sys.exit("README.md: expected one pair of output marks")
    block = f"```text\n{excerpt(output())}\n```\n"
    path.write_text(MARKED.sub(lambda _: block, text), encoding="utf-8")


if __name__ == "__main__":
    main()
