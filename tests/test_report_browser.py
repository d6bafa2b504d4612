"""The HTML report in a real browser: it keeps its style under its own policy and fits every width."""

import html
import json
import re
import shutil
import subprocess

import pytest

from claimcheck.report import to_html, to_html_index
from factories import clinic_report, hostile_report, report_of, said

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: apt-get install chromium"),
]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--dump-dom",
)
# The report cannot run a script, so a page around it measures: a srcdoc frame has its origin.
MEASURE = """<!doctype html><meta charset="utf-8"><body><script>
onload = () => {
  const of = frame => {
    const doc = frame.contentDocument, box = name => doc.querySelector(name)?.getBoundingClientRect();
    const text = box(".with-cards > .text"), card = box(".with-cards .card");
    return {
      width: doc.documentElement.scrollWidth,
      margin: frame.contentWindow.getComputedStyle(doc.body).marginTop,
      script: frame.contentWindow.ran === true,
      small: [...doc.querySelectorAll("a.ref, summary")].filter(e => e.getBoundingClientRect().height < 16).length,
      beside: !!card && card.left >= text.right, below: !!card && card.top >= text.bottom,
    };
  };
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(of));
  document.body.append(result);
};
</script>"""
LONG = report_of(
    [said("x" * 400 + " cures", ("", "contradicted", 0.9))], uri="https://a.example/" + "y" * 400, title="z" * 300
)


def measured(tmp_path, document, *widths):
    frames = "".join(
        f'<iframe style="border:0;width:{width}px;height:900px" srcdoc="{html.escape(document)}"></iframe>'
        for width in widths
    )
    page = tmp_path / "measure.html"
    page.write_text(MEASURE + frames, encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run([CHROMIUM, *FLAGS, profile, page.as_uri()], capture_output=True, timeout=120, check=True)
    found = re.search(r'<pre id="result">(.*?)</pre>', done.stdout.decode(), re.DOTALL)
    return json.loads(html.unescape(found[1]))


@pytest.mark.parametrize("name", ["clinic", "hostile", "long"])
def test_the_report_fits_every_width_with_its_style_on(tmp_path, name):
    report = {"clinic": clinic_report, "hostile": hostile_report, "long": lambda: LONG}[name]()
    widths = (320, 390, 800, 1280)
    for width, found in zip(widths, measured(tmp_path, to_html(report), *widths), strict=True):
        assert found["width"] <= width
        assert found["margin"] == "0px"  # the stylesheet applies: the policy knows its digest
        assert found["small"] == 0


def test_evidence_stands_beside_the_text_on_wide_screens_and_below_it_on_narrow_ones(tmp_path):
    narrow, wide = measured(tmp_path, to_html(clinic_report()), 390, 1280)
    assert (narrow["beside"], narrow["below"]) == (False, True)
    assert wide["beside"] is True


def test_no_script_runs_under_the_policy(tmp_path):
    document = to_html(clinic_report()).replace("</main>", "<script>window.ran = true</script></main>")
    without_policy = re.sub(r"<meta http-equiv[^>]*>", "", document)
    assert measured(tmp_path, without_policy, 800)[0]["script"] is True
    assert measured(tmp_path, document, 800)[0]["script"] is False


def test_the_index_fits_every_width(tmp_path):
    document = to_html_index([("001-a.html", clinic_report()), ("002-b.html", LONG)])
    for width, found in zip((320, 1280), measured(tmp_path, document, 320, 1280), strict=True):
        assert found["width"] <= width
