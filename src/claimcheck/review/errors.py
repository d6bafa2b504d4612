"""What the review refuses, by the reason: each is one line for the person who asked.

UsageError
└── ReviewError           status 400 over HTTP
├── InvalidError      400   a value that the act cannot take
├── SignInError       401   the name and password do not match, or nobody is signed in
├── NotAllowedError   403   the role does not permit the act
├── MissingError      404   there is no such finding, view, account …
├── ConflictError     409   somebody else's act came first
└── ThrottledError    429   too many failed sign-ins; ``retry_after`` seconds
"""

from claimcheck.errors import UsageError

__all__ = [
    "ConflictError",
    "InvalidError",
    "MissingError",
    "NotAllowedError",
    "ReviewError",
    "SignInError",
    "ThrottledError",
]


class ReviewError(UsageError):
    """Base of what the review refuses; ``status`` is the HTTP status."""

    status = 400


class InvalidError(ReviewError):
    """A value that the act cannot take."""


class SignInError(ReviewError):
    """Nobody is signed in, or the name and the password do not match."""

    status = 401


class NotAllowedError(ReviewError):
    """The role does not permit the act."""

    status = 403


class MissingError(ReviewError):
    """There is no such thing, or it is not this person's to see."""

    status = 404


class ConflictError(ReviewError):
    """Somebody else's act came first; nothing was changed."""

    status = 409


class ThrottledError(ReviewError):
    """Too many failed sign-ins; the next is looked at after ``retry_after`` seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many failed sign-ins; wait {retry_after} seconds and try again")
        self.retry_after = retry_after
