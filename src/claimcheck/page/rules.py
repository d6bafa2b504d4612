"""What of a page is left out as machinery (navigation, banners, forms), and what is hidden: one question, one function.

A rule that goes by an element's name (class or id) always asks for a second sign in its text, such as the share of
links: names such as "menu", "consent" or "social" also stand on a clinic's list of treatments, on its page about
informed consent and on its section about social anxiety.
"""

import re

from claimcheck.page.styles import Stylesheet, declared_visibility
from claimcheck.page.tree import Node, Tree

__all__ = ["drop_reason", "is_hidden", "is_short_form", "region_of"]

_SCRIPTS = {"script": "script", "style": "style", "link": "style"}
_EMBEDDED = frozenset({"iframe", "object", "embed", "canvas", "audio", "video", "noembed", "noframes", "applet"})
_CONTROLS = frozenset(
    {"input", "select", "option", "optgroup", "textarea", "datalist", "legend", "output", "progress", "meter"}
)
_NAVIGATION_ROLES = frozenset({"navigation", "menu", "menubar", "menuitem", "toolbar", "scrollbar", "directory"})
_NAVIGATION_NAMES = frozenset(
    "nav navbar navigation menu megamenu submenu subnav sitenav topnav pagination pager toc offcanvas hamburger drawer"
    " dropdown sitemap skip skiplink".split()
)
_COOKIE_NAMES = frozenset(
    "cookie cookies consent gdpr ccpa onetrust cookiebot cookieconsent cookielaw cky cmplz cmp privacy banner notice"
    " termly iubenda osano usercentrics cli".split()
)
_COOKIE_WORDS = re.compile(
    r"\b(?:accept|agree|allow|reject|decline|consent|settings|preferences|we use cookies|got it|ok)\b", re.I
)
_SHARE_NAMES = frozenset(
    "share sharing shares social socials addtoany sharethis addthis sharedaddy follow sharebar".split()
)
_NOT_SHARE_NAMES = frozenset("proof anxiety phobia work worker health".split())
_SHARE_WORDS = re.compile(
    r"\b(?:share|tweet|facebook|twitter|linkedin|pinterest|instagram|whatsapp|youtube|tiktok|e-?mail"
    r"|follow|copy link)\b",
    re.I,
)
_CONTROL_TEXT = re.compile(
    r"(?:(?:open|close|toggle|show|hide|main|mobile)\s+)?(?:menu|navigation|search)|close|next"
    r"|prev(?:ious)?(?: slide)?|next slide"
    r"|back to top|skip to (?:main )?content|[×✕☰<>‹›«»]",
    re.I,
)
_ICON_CLASSES = re.compile(r"material-(?:icons|symbols)")
_WHOLE_PAGE = frozenset({"html", "body", "main", "article"})
_CONTAINERS = frozenset("div section aside ul ol dl p header footer details table td dialog nav".split())
_SITE_HEADERS = frozenset("header site-header page-header main-header masthead topbar top-bar".split())
_SITE_FOOTERS = frozenset("footer site-footer page-footer main-footer global-footer footer-wrapper colophon".split())
_SIDEBARS = frozenset("sidebar side-bar site-sidebar".split())
_HIDDEN_CLASSES = frozenset(
    "hidden hide is-hidden d-none visually-hidden visuallyhidden sr-only screen-reader-text".split()
)
_SHOWN_FROM_SIZE = re.compile(r"(?:[a-z0-9]+:|d-[a-z]+-)(?:block|flex|grid|inline|table|contents)")

# A list counts as a menu when this share of its text stands in links; below, it is prose with links.
_LINK_SHARE = 0.7
# Links longer than this on average are headlines or sentences rather than entries of a menu.
_MENU_ENTRY = 40
_COOKIE_BANNER = 4_000
_SHARE_BAR = 200
# A form with more text than this is the page itself (ASP.NET wraps whole pages in one).
_FORM = 1_500


def drop_reason(tree: Tree, index: int, region: str, *, in_form: bool) -> str:
    """Return why an element and all in it is left out, or the empty string when it is kept."""
    node = tree.nodes[index]
    if node.tag in _SCRIPTS:
        return _SCRIPTS[node.tag]
    if node.tag in _EMBEDDED:
        return "embedded"
    role = node.get("role")
    if (
        node.tag in _CONTROLS
        or role == "search"
        or node.tag == "search"
        or (in_form and node.tag in {"label", "button"})
    ):
        return "form"
    if node.tag in _WHOLE_PAGE:
        return ""
    tokens = node.tokens()
    named = _named_reason(tree, index, tokens)
    if named:
        return named
    if node.tag == "nav" or role in _NAVIGATION_ROLES:
        return "navigation"
    if _is_menu(tree, index, region, tokens) or _is_control(tree, index):
        return "navigation"
    return ""


def _named_reason(tree: Tree, index: int, tokens: frozenset[str]) -> str:
    node = tree.nodes[index]
    if tokens & {"breadcrumb", "breadcrumbs", "breadcrum"} or "breadcrumb" in node.get("aria-label"):
        return "breadcrumb"
    if node.classes and any(_ICON_CLASSES.match(name) for name in node.classes):
        return "icon"
    length = tree.text_length(index)
    if node.tag in _CONTAINERS and tree.mentions_cookies(index) and length <= _COOKIE_BANNER:
        by_name = bool(tokens & _COOKIE_NAMES) or node.get("role") in {"dialog", "alertdialog"}
        if (by_name or length <= 400) and _COOKIE_WORDS.search(tree.text(index)) and _has_button(tree, index):
            return "cookie_banner"
    if tokens & _SHARE_NAMES and not tokens & _NOT_SHARE_NAMES and length <= _SHARE_BAR:
        links = tree.link_length(index) >= length / 2
        if node.tag in _CONTAINERS and length and (links or _SHARE_WORDS.search(tree.text(index))):
            return "share_buttons"
    return ""


def _has_button(tree: Tree, index: int) -> bool:
    nodes = tree.nodes
    for position in range(index, min(nodes[index].end, index + 500)):
        node = nodes[position]
        if (
            node.tag in {"button", "a"}
            or node.get("role") == "button"
            or (node.tag == "input" and node.get("type") != "text")
        ):
            return True
    return False


def _is_menu(tree: Tree, index: int, region: str, tokens: frozenset[str]) -> bool:
    """Say whether an element is a list of links: by its name anywhere, by its density outside the main text."""
    node = tree.nodes[index]
    if node.tag == "a":
        return "skip" in tokens and tree.text_length(index) < _MENU_ENTRY
    links = tree.link_count(index)
    length = tree.text_length(index)
    if node.tag not in _CONTAINERS or not links or not length:
        return False
    if tree.link_length(index) < _LINK_SHARE * length or tree.link_length(index) > _MENU_ENTRY * links:
        return False
    return bool(tokens & _NAVIGATION_NAMES) or (region in {"header", "footer", "aside"} and links >= 2)


def _is_control(tree: Tree, index: int) -> bool:
    node = tree.nodes[index]
    if node.tag not in {"button", "a"} and node.get("role") != "button":
        return False
    return tree.text_length(index) < _MENU_ENTRY and bool(_CONTROL_TEXT.fullmatch(tree.text(index, 100)))


def is_short_form(tree: Tree, index: int) -> bool:
    """Say whether an element is a form that someone fills in, and not one that wraps the whole page."""
    node = tree.nodes[index]
    if node.tag != "form" and node.get("role") != "form":
        return False
    inside = tree.nodes[index : node.end]
    return tree.text_length(index) <= _FORM and not any(each.tag in {"h1", "main", "article"} for each in inside)


def is_hidden(tree: Tree, index: int, styles: Stylesheet) -> bool:
    """Say whether an element is not shown when the page opens: collapsed, switched off, or for screen readers only."""
    node = tree.nodes[index]
    if node.tag in {"noscript", "template"}:
        return True
    if not node.attributes:
        return node.tag == "dialog"
    if "hidden" in node.attributes or node.get("aria-hidden") == "true":
        return True
    if node.tag == "dialog" and "open" not in node.attributes:
        return True
    declared = declared_visibility(node.get("style"))
    if declared is None:
        declared = styles.visibility(index, tree.nodes)
    return _is_hidden_by_class(node.classes) if declared is None else not declared


def _is_hidden_by_class(classes: frozenset[str]) -> bool:
    """Go by the class names of widespread frameworks, whose stylesheets are files and not read."""
    if "tab-pane" in classes and not classes & {"active", "show"}:
        return True
    if "collapse" in classes and not classes & {"show", "in"}:
        return not any(name.startswith("navbar") for name in classes)
    return bool(classes & _HIDDEN_CLASSES) and not any(_SHOWN_FROM_SIZE.fullmatch(name) for name in classes)


def region_of(node: Node, region: str, *, in_content: bool) -> str:
    """Return the landmark an element opens, or the one it stands in; a header within an article opens none."""
    role = node.get("role") if node.attributes else ""
    if node.tag in {"head", "main"} or role == "main":
        return "head" if node.tag == "head" else "main"
    if node.tag == "aside" or role == "complementary":
        return "aside"
    if in_content:
        return region
    names = node.classes | {node.id} if node.attributes and node.tag in {"div", "section"} else frozenset()
    if node.tag == "header" or role == "banner" or names & _SITE_HEADERS:
        return "header"
    if node.tag == "footer" or role == "contentinfo" or names & _SITE_FOOTERS:
        return "footer"
    return "aside" if names & _SIDEBARS else region
