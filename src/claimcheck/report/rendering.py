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


def style_of(package: str, name: str) -> dict[str, str]:
    """Return the stylesheet of a package's templates and its SHA-256 in base 64, as templates call them."""
    style = _resource(package, name)
    return {"style": style, "style_digest": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}


@cache
def environment_of(package: str) -> "Environment":
    """Return the environment of a package's templates, the same one each time; its owner adds filters of its own."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(lambda name: _resource(package, name)),
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


def _resource(package: str, name: str) -> str:
    return resources.files(package).joinpath("templates", name).read_text(encoding="utf-8")
