"""HTML templates of a package: everything escaped, the stylesheet inline with the digest that admits it."""

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from claimcheck.report.shown import clipped, one_line

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment_of", "style_of"]


# Whose templates and styles others build on.
BASE = "claimcheck.report"


def style_of(package: str, name: str, *, base: str = "") -> dict[str, str]:
    """Return the stylesheet of a package's templates and its SHA-256 in base 64, as templates call them.

    ``base`` names a stylesheet of the reports that comes before it.
    """
    style = (_resource(BASE, base) if base else "") + _resource(package, name)
    return {"style": style, "style_digest": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}


@cache
def environment_of(package: str) -> "Environment":
    """Return the environment of a package's templates, the same one each time; its owner adds filters of its own.

    A template that the package lacks is taken from the reports': their ``parts.html.j2`` serves all.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(lambda name: _template(package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "one_line": one_line,
        "clipped": clipped,
        "trusted_style": lambda style: Markup(style),  # noqa: S704 - our own stylesheet, no text of a page or row in it
    }
    return environment


def _template(package: str, name: str) -> str:
    is_own = resources.files(package).joinpath("templates", name).is_file()
    return _resource(package if is_own else BASE, name)


def _resource(package: str, name: str) -> str:
    return resources.files(package).joinpath("templates", name).read_text(encoding="utf-8")
