"""From a URL, file or stream to a page and its sentences.

Use ``load_source("https://clinic.example/ketamine")`` and ``split_sentences(page)``.
"""

from claimcheck.page.html import page_from_html
from claimcheck.page.language import is_foreign
from claimcheck.page.limits import Limits
from claimcheck.page.load import PageLoader, load_bytes, load_source
from claimcheck.page.pdf import page_from_pdf
from claimcheck.page.sentences import SentenceSplitter, split_sentences
from claimcheck.page.text import page_from_markdown, page_from_text

__all__ = [
    "Limits",
    "PageLoader",
    "SentenceSplitter",
    "is_foreign",
    "load_bytes",
    "load_source",
    "page_from_html",
    "page_from_markdown",
    "page_from_pdf",
    "page_from_text",
    "split_sentences",
]
