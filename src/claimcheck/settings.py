"""Settings: one table of name, default and help; the command line overrides the environment, which overrides defaults.

An environment variable is the setting's name in capitals after ``CLAIMCHECK_``, for example ``CLAIMCHECK_THREADS=1``.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from claimcheck.errors import DamagedDataError, UsageError

__all__ = ["MODELS", "SETTINGS_HELP", "Settings", "data_folder", "settings_from_environment"]

MODELS = ("cascade", "fast", "accurate")

SETTINGS_HELP: Mapping[str, str] = {
    "pack": "evidence pack to judge against",
    "model": "`cascade`: the large reader judges claims that the small one is unsure of; `fast`: the small one alone; "
    "`accurate`: both on every claim",
    "backend": "`onnx`, or `torch` with a folder of your own cross-encoder in `torch_model`",
    "torch_model": "path or hub name of a cross-encoder for the torch backend",
    "threads": "threads of the models; 0 takes every core",
    "top_k": "evidence records retrieved for a claim",
    "min_confidence": "below this probability a verdict needs review; 0 takes the model's own calibrated threshold",
    "worthiness_threshold": "probability from which a sentence is check-worthy; 0 takes the trained threshold",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that changes a verdict, and nothing else."""

    pack: str = "ketamine"
    model: str = "cascade"
    backend: str = "onnx"
    torch_model: str = ""
    threads: int = 0
    top_k: int = 8
    min_confidence: float = 0.0
    worthiness_threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise UsageError(f"found model {self.model!r}, expected one of {', '.join(MODELS)}")
        if self.backend not in {"onnx", "torch"}:
            raise UsageError(f"found backend {self.backend!r}, expected onnx or torch")
        if self.threads < 0 or not 1 <= self.top_k <= 50:
            raise UsageError("threads is 0 or more and top_k between 1 and 50")
        if not (0 <= self.min_confidence <= 1 and 0 <= self.worthiness_threshold <= 1):
            raise UsageError("min_confidence and worthiness_threshold lie between 0 and 1")

    def digest(self) -> str:
        """Return the SHA-256 of the settings that bear on verdicts; the number of threads does not."""
        values = {key: value for key, value in asdict(self).items() if key != "threads"}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def settings_from_environment(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Return the settings from defaults, then ``CLAIMCHECK_*`` variables, then overrides that are not None.

    :raises UsageError: when a value is of the wrong kind or out of range.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for item in fields(Settings):
        raw = environ.get(f"CLAIMCHECK_{item.name.upper()}")
        if raw is None:
            continue
        kind: type[str] | type[int] | type[float] = type(getattr(Settings(), item.name))
        try:
            values[item.name] = kind(raw)
        except ValueError as error:
            raise UsageError(
                f"CLAIMCHECK_{item.name.upper()}={raw!r}: expected {kind.__name__}; correct or unset it"
            ) from error
    values.update({key: value for key, value in overrides.items() if value is not None})
    return replace(Settings(), **values)  # type: ignore[arg-type]  # kinds were converted above; range-checked on init


def data_folder(kind: str) -> Path:
    """Return the folder of shipped ``corpus`` or ``models``: inside the installed package, or of the checkout.

    ``CLAIMCHECK_CORPUS`` and ``CLAIMCHECK_MODELS`` name other folders.

    :raises DamagedDataError: when there is none.
    """
    override = os.environ.get(f"CLAIMCHECK_{kind.upper()}")
    if override:
        candidates = [Path(override)]
    else:
        here = Path(__file__).resolve().parent
        candidates = [here / "data" / kind, here.parent.parent / kind]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise DamagedDataError(f"found no folder of {kind} at {candidates[0]}; reinstall claimcheck")
