"""claimcheck: what clinics claim, set against what the evidence supports.

    from claimcheck import Checker
    report = Checker.load().check_url("https://clinic.example/ketamine")

Heavy parts load when first used, so importing the package is quick.
"""

from typing import TYPE_CHECKING, Any

from claimcheck.errors import ClaimcheckError, DamagedDataError, SourceError, UsageError
from claimcheck.records import Label, Page, Report, Verdict
from claimcheck.settings import Settings
from claimcheck.version import __version__

if TYPE_CHECKING:
    from claimcheck.pipeline import Checker

__all__ = [
    "Checker",
    "ClaimcheckError",
    "DamagedDataError",
    "Label",
    "Page",
    "Report",
    "Settings",
    "SourceError",
    "UsageError",
    "Verdict",
    "__version__",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute may be anything
    if name == "Checker":
        from claimcheck.pipeline import Checker

        return Checker
    raise AttributeError(f"module 'claimcheck' has no attribute {name!r}")
