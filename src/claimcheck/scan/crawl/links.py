"""The links of a captured page, in its order."""

from collections.abc import Iterator

from claimcheck.errors import SourceError
from claimcheck.page import Limits
from claimcheck.page.encoding import decode
from claimcheck.page.nesting import check_nesting
from claimcheck.scan.crawl.urls import normalised

__all__ = ["links_of"]

# Links of a page that is longer are looked for in its beginning: parsing is quick, but nothing can interrupt it.
_MAX_BYTES = 5_000_000
_SELECTOR = (
    "a[href], area[href], frame[src], iframe[src], link[rel~=canonical][href], link[rel~=next][href], "
    "meta[http-equiv=refresh i]"
)
_HTML = frozenset({"", "application/octet-stream", "application/xhtml+xml", "text/html"})


def links_of(body: bytes, content_type: str, url: str, *, limit: int) -> list[str]:
    """Return the addresses that an HTML page links to, normalised, each once; at most ``limit``, none of a PDF or text.

    A page that nests its tags to stall a parser has no links: it is the extractor that says so.
    """
    if content_type.partition(";")[0].strip().lower() not in _HTML or body[:1_024].lstrip().startswith(b"%PDF-"):
        return []
    from selectolax.lexbor import LexborHTMLParser

    try:
        decoded = decode(body[:_MAX_BYTES], source=url, content_type=content_type, is_html=True, limits=Limits())
        text = decoded.text
        check_nesting(text, source=url, limits=Limits())
    except SourceError:
        return []
    tree = LexborHTMLParser(text)
    base = url
    node = tree.css_first("base[href]")
    if node is not None:
        base = normalised(node.attributes.get("href") or "", url) or url
    found: dict[str, None] = {}
    for reference in _references(tree):
        link = normalised(reference, base)
        if link:
            found[link] = None
        if len(found) >= limit:
            break
    return list(found)


def _references(tree: object) -> Iterator[str]:
    for node in tree.css(_SELECTOR):  # type: ignore[attr-defined]  # selectolax's parser
        values = node.attributes
        if node.tag == "meta":
            # "5; url=/next": the page that a visitor is sent to is a link like any other.
            _, _, target = (values.get("content") or "").partition("=")
            yield target.strip(" '\"")
        else:
            yield values.get("href") or values.get("src") or ""
