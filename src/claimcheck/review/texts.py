"""Text from people, fit to be kept: databases take neither NUL (PostgreSQL) nor half a character (either)."""

from claimcheck.review.errors import InvalidError

__all__ = ["is_storable", "require_storable"]


def is_storable(text: str) -> bool:
    """Return whether both databases can keep the text."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def require_storable(name: str, text: str, *, longest: int) -> None:
    """Return if the text is short enough and can be kept; ``name`` is what the message calls it.

    :raises InvalidError: when it is not.
    """
    if len(text) > longest:
        raise InvalidError(f"found a {name} of {len(text)} characters, expected at most {longest}")
    if not is_storable(text):
        raise InvalidError(f"found a NUL or half a character in the {name}; take it out")
