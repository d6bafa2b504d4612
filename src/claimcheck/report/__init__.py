"""A checked page as text for people and machines: one function a format, each from the records and nothing else.

The JSON is the contract "claimcheck.report/1" (``report_schema``). Every format takes several sources; HTML makes one
document a page and an index for a folder of them. Text of a page is untrusted in all of them.
"""

from claimcheck.report.claimreview import to_claimreview
from claimcheck.report.contract import SCHEMA_ID, report_schema
from claimcheck.report.failure import Failure, Outcome, failure_of
from claimcheck.report.html import to_html, to_html_index
from claimcheck.report.markdown import to_markdown
from claimcheck.report.tables import CSV_COLUMNS, to_csv, to_json, to_jsonl
from claimcheck.report.terminal import print_terminal

__all__ = [
    "CSV_COLUMNS",
    "SCHEMA_ID",
    "Failure",
    "Outcome",
    "failure_of",
    "print_terminal",
    "report_schema",
    "to_claimreview",
    "to_csv",
    "to_html",
    "to_html_index",
    "to_json",
    "to_jsonl",
    "to_markdown",
]
