"""The document as PDF by WeasyPrint, from the same HTML and from nothing else: no address of any kind is fetched."""

import logging
from datetime import datetime

from claimcheck.errors import ClaimcheckError, UsageError

__all__ = ["to_pdf"]


def to_pdf(html: str, made_at: datetime) -> bytes:
    """Return the PDF of a document; the same document and fonts give the same bytes.

    :raises UsageError: when WeasyPrint, or a library of the system that it needs, is not installed.
    :raises ClaimcheckError: when WeasyPrint cannot lay the document out, or it asks for anything outside itself.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except (ImportError, OSError) as error:
        raise UsageError(
            f"a PDF needs `pip install 'claimcheck[review]'` and the Pango library ({error}); or leave it out: --no-pdf"
        ) from error
    logger = logging.getLogger("weasyprint")
    if not logger.handlers:
        # Its own default would write notes on CSS to standard error.
        logger.addHandler(logging.NullHandler())
    identifier = f"claimcheck {made_at.isoformat()}".encode()
    # No protocol at all is allowed, not even files: whatever asks for something ends the making.
    fetcher = URLFetcher(allowed_protocols=(), fail_on_errors=True)
    try:
        document = HTML(string=html, url_fetcher=fetcher, media_type="print")
        made: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier)
    except FatalURLFetchingError as error:
        raise ClaimcheckError(f"the document asks for something outside itself ({error}); report this") from error
    except (ValueError, RuntimeError, RecursionError) as error:
        raise ClaimcheckError(f"the PDF could not be made ({error}); leave it out: --no-pdf") from error
    return made
