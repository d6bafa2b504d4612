"""README.txt of the folder: what each file is, and how to verify it with tools that everybody has."""

from claimcheck.report.shown import one_line
from claimcheck.review.casefile import words
from claimcheck.review.casefile.records import CaseFile

__all__ = ["to_readme"]

_TEXT = """\
CASE FILE: {host}
Made {made} with claimcheck {version} from scan {scan}, {findings} claims.

WHAT IS HERE
  case.html         the document, for any browser; it loads nothing from anywhere
{pdf}  findings.csv      one row a claim, for a spreadsheet. A cell that a spreadsheet would run
                    as a formula begins with an apostrophe
  findings.jsonl    one line of JSON a claim, with everything, its text untouched
  claimreview.jsonld  the claims as schema.org ClaimReview
  trail.jsonl       the rows of the decision trail that bear on these claims
{captures}  manifest.sha256   the SHA-256 of every file above and of this one

IS THE FOLDER COMPLETE AND UNCHANGED?
  Linux:    sha256sum -c manifest.sha256
  macOS:    shasum -a 256 -c manifest.sha256
  Windows:  certutil -hashfile case.html SHA256     (each file; compare with manifest.sha256)
  Each line must say OK. Whoever hands the folder on can note the SHA-256 of manifest.sha256
  itself on the covering letter: it stands for every file at once.

{reading}IS THE TRAIL WHOLE?
  Each row of trail.jsonl has the digest of the row before ("previous") and its own ("sha256").
  A row's own digest is the SHA-256 of its other fields as JSON: keys sorted, separators ","
  and ":" without spaces, characters beyond ASCII escaped. In Python:
      import hashlib, json, pathlib
      for line in pathlib.Path("trail.jsonl").read_text("utf-8").splitlines()[1:]:
          row = json.loads(line); digest = row.pop("sha256")
          text = json.dumps(row, sort_keys=True, separators=(",", ":"))
          print(row["seq"], hashlib.sha256(text.encode()).hexdigest() == digest)
{anonymous}  The rows between are of other sites' findings. Whoever holds the store can show the whole
  chain up to the head named in the first line (claimcheck verify).

WHAT THIS PROVES
  That nothing here has changed since it was recorded. It does not prove that the server sent
  these bytes, or who runs the site: section 1 of the document says what the file is and is not.
"""
_READING = """\
WHAT DID THE PAGE SAY?
  A file in captures/ is a WARC file (ISO 28500) of one record: the server's answer with its
  headers and the time, compressed with gzip. Any reader of WARC opens it, for instance
  replayweb.page in a browser, or:
      gunzip -c captures/page-001.warc.gz | less
      pip install warcio; warcio check captures/page-001.warc.gz
  Its SHA-256 is the one recorded when the page was captured (section 6 of the document).

"""
_ANONYMOUS = """\
  In this file people are named by letters. The digests are of the rows with their names, so
  they can be made again by whoever holds the store, not from this file.
"""


def to_readme(case: CaseFile, *, has_pdf: bool) -> str:
    """Return the text, in lines of plain ASCII but for the site's own name."""
    captures = ""
    if any(page.capture for page in case.pages):
        captures += "  captures/         the captured pages, one WARC file each\n"
    if any(page.screenshot for page in case.pages):
        captures += "  screenshots/      pictures of the pages as a browser showed them\n"
    return _TEXT.format(
        host=one_line(case.host),
        made=words.moment(case.made_at),
        version=case.made_with,
        scan=case.scan.id,
        findings=len(case.findings),
        pdf="  case.pdf          the same document for paper\n" if has_pdf else "",
        captures=captures,
        reading=_READING if any(page.capture for page in case.pages) else "",
        anonymous=_ANONYMOUS if case.anonymous else "",
    )
