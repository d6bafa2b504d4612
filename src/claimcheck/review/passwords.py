"""Passwords: argon2id with argon2-cffi's recommended cost, and the same work for a name that does not exist."""

from functools import lru_cache
from typing import TYPE_CHECKING

from claimcheck.review.errors import InvalidError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["PASSWORD_LENGTHS", "hash_password", "matches", "needs_rehash"]

# NIST SP 800-63B-4, 3.1.1.2: at least 15 where the password is the only factor, no rules about kinds of characters.
PASSWORD_LENGTHS = (15, 256)


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash("nobody has this password")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password.

    :raises InvalidError: when it is too short or too long.
    """
    low, high = PASSWORD_LENGTHS
    if not low <= len(password) <= high:
        raise InvalidError(f"found a password of {len(password)} characters, expected {low} to {high}; use a few words")
    return _hasher().hash(_bytes(password))


def matches(password_hash: str, password: str) -> bool:
    """Return whether the password is the hash's; '' is nobody's hash, and takes as long as anybody's."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        is_right = _hasher().verify(password_hash or _nobodys_hash(), _bytes(password[: PASSWORD_LENGTHS[1] + 1]))
    except (Argon2Error, InvalidHashError):
        return False
    return is_right and bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Return whether the hash was made at another cost than today's."""
    return _hasher().check_needs_rehash(password_hash)


def _bytes(password: str) -> bytes:
    # Lone surrogates cannot be typed, but can be sent: they are a wrong password like any other.
    return password.encode("utf-8", "surrogatepass")
