"""Addresses of a site: how they are written alike, which belong to it, and which are not worth a request."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit, urlunsplit

from claimcheck.errors import UsageError

__all__ = ["MAX_URL", "SiteAddress", "is_own", "looks_unreadable", "normalised", "origin_of", "shape_of", "site_of"]

MAX_URL = 2_000
# Names that only say where a visitor came from, or who they are; a page reads the same without them.
_TRACKING = re.compile(
    r"(?i)(?:utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|_ga|_gl|_hs(?:enc|mi)|"
    r"hsctatracking|mkt_tok|vero_id|wickedid|phpsessid|jsessionid|aspsessionid.*|sid|session_?id|s_cid|ref_src)"
)
_PATH_SESSION = re.compile(r"(?i);jsessionid=[^/?#]*")
_PORTS = {"http": 80, "https": 443}
# What these name is never text; PDFs are pages here.
_UNREADABLE = frozenset(
    "7z aac apk avi avif bin bmp css csv dmg doc docx eot exe flac flv gif gz heic ico ics iso jpeg jpg js json m4a m4v"
    " map mkv mov mp3 mp4 mpeg mpg msi ogg ogv otf png ppt pptx rar rss svg tar tgz tif tiff ttf vcf wav webm"
    " webmanifest webp wmv woff woff2 xls xlsx xml zip".split()
)
_SAFE_PATH = "/:@!$&'()*+,;=-._~%"
_SAFE_QUERY = _SAFE_PATH + "?[]|"
_HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?|\[[0-9a-f:.]+\]"
)


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """A site: ``host`` names it, with a port that is not the scheme's own; ``start_url`` is where reading begins."""

    host: str
    start_url: str


def site_of(spec: str) -> SiteAddress:
    """Return the site that a user names by a host ("clinic.example") or an address.

    :raises UsageError: when it is neither.
    """
    text = spec.strip()
    url = normalised(text if "://" in text else f"https://{text}")
    if not url:
        raise UsageError(f"found the site {spec[:100]!r}, expected a host or an http(s) address")
    parts = urlsplit(url)
    return SiteAddress(parts.netloc, url)


def normalised(reference: str, base: str = "") -> str:
    """Return an address in one way of writing, or '' when it is none that can be fetched.

    The scheme and host are in lower case, the host in ASCII, without the scheme's own port; no fragment, user name,
    tracking or session parameters; path and query percent-encoded alike. A trailing slash and the order of parameters
    stay, since servers may tell them apart.
    """
    try:
        parts = urlsplit(urljoin(base, reference.strip()) if base else reference.strip())
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        return ""
    netloc = host if port in {None, _PORTS[parts.scheme]} else f"{host}:{port}"
    path = _PATH_SESSION.sub("", _escaped(parts.path, _SAFE_PATH)) or "/"
    url = urlunsplit((parts.scheme, netloc, _without_dots(path), _query(parts.query), ""))
    return url if len(url) <= MAX_URL else ""


def is_own(url: str, host: str) -> bool:
    """Say whether an address belongs to the site of a host; with or without "www.", by http or https."""
    return _bare(urlsplit(url).netloc) == _bare(host)


def origin_of(url: str) -> str:
    """Return the scheme and host of an address, for which a robots.txt speaks."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def looks_unreadable(url: str) -> bool:
    """Say whether the name of what is addressed says that it is a picture, film, archive or the like."""
    name = urlsplit(url).path.rpartition("/")[2]
    return "." in name and unquote(name).rpartition(".")[2].lower() in _UNREADABLE


def shape_of(url: str) -> str:
    """Return what an address has in common with others of its kind, '' when it is of no counted kind.

    Runs of digits count as one, values of parameters as none, and a path that repeats itself as one pass of it.
    """
    parts = urlsplit(url)
    segments = parts.path.split("/")
    repeats = len(segments) - len(set(segments))
    path = re.sub(r"\d+", "0", parts.path)
    if repeats > 3:
        path = "/".join(sorted(set(path.split("/"))))
    elif path == parts.path and not parts.query:
        return ""
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return f"{parts.netloc}{path}?{'&'.join(names)}"


def _bare(netloc: str) -> str:
    return netloc.removeprefix("www.")


def _ascii_host(host: str) -> str:
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if ":" in host:
        host = f"[{host}]"
    host = host.lower().removesuffix(".")
    return host if len(host) <= 253 and _HOST.fullmatch(host) else ""


def _escaped(text: str, safe: str) -> str:
    # A stray "%" is escaped; "%41" and "%c3" are written in one way.
    text = re.sub(r"%(?![0-9a-fA-F]{2})", "%25", text)
    text = re.sub(r"%[0-9a-fA-F]{2}", lambda match: _one_escape(match[0]), text)
    return quote(text, safe=safe, errors="replace")


def _one_escape(escape: str) -> str:
    character = chr(int(escape[1:], 16))
    return character if character.isascii() and (character.isalnum() or character in "-._~") else escape.upper()


def _query(query: str) -> str:
    kept = [part for part in query.split("&") if part and not _TRACKING.fullmatch(part.partition("=")[0])]
    return _escaped("&".join(kept), _SAFE_QUERY)


def _without_dots(path: str) -> str:
    """Return the path without "." and "..", which urljoin leaves in absolute addresses."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
