"""``claimcheck models``: what models are shipped, and what their cards say about them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.report.shown import one_line, shown
from claimcheck.settings import data_folder

__all__ = ["Model", "find_models", "models"]

# What a model's config says of itself, in the order of the list; other keys are shown by ``info`` only.
PURPOSE_KEYS = ("purpose", "task", "kind", "description")
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Model:
    """A folder of ``models/``: its configuration, the bytes of its files, and its card ('' when it has none)."""

    name: str
    folder: Path
    config: Mapping[str, object]
    size: int
    card: str

    @property
    def purpose(self) -> str:
        """What the model is for, in the words of its configuration, else of its card's first heading."""
        for key in PURPOSE_KEYS:
            if isinstance(self.config.get(key), str):
                return one_line(str(self.config[key]))
        return next((one_line(line.lstrip("# ")) for line in self.card.splitlines() if line.strip(" #")), "")

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file but the card, by name."""
        files = sorted(path for path in self.folder.iterdir() if path.is_file() and path.name != "README.md")
        return {path.name: _sha256(path) for path in files}


def find_models(root: Path | None = None) -> list[Model]:
    """Return the models of a folder, by default the shipped ones, by name.

    :raises DamagedDataError: when there is none, or a configuration is not a JSON object.
    """
    root = root or data_folder("models")
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir() and any(folder.glob("*.json")))
    if not folders:
        raise DamagedDataError(f"{root}: found no model, expected folders with a config.json; reinstall claimcheck")
    return [_model(folder) for folder in folders]


@click.group(short_help="List the models and show their cards.")
def models() -> None:
    """List the models and show their cards: what they were trained on, how they were measured, and their licences."""


_format = click.option(
    "--format", "format_name", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@models.command("list")
@_format
def list_models(format_name: str) -> None:
    """List the models with their purpose and size."""
    found = find_models()
    if format_name == "json":
        rows = [{"name": model.name, "purpose": model.purpose, "bytes": model.size} for model in found]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max(len(model.name) for model in found)
    for model in found:
        click.echo(f"{model.name.ljust(width)}  {model.size / 1e6:7.1f} MB  {model.purpose}".rstrip())


@models.command()
@click.argument("name")
@_format
def info(name: str, format_name: str) -> None:
    """Show the configuration, digests and card of the model NAME."""
    found = find_models()
    model = next((item for item in found if item.name == name), None)
    if model is None:
        raise UsageError(f"found no model {name!r}; expected one of {', '.join(item.name for item in found)}")
    if format_name == "json":
        values = {"name": model.name, "config": model.config, "sha256": model.digests(), "card": model.card}
        click.echo(json.dumps(values, indent=2, ensure_ascii=False))
        return
    click.echo(f"{model.name}: {model.size / 1e6:.1f} MB in {model.folder}\n")
    for key, value in model.config.items():
        words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        click.echo(f"{key}: {one_line(words)[:200]}")
    for file, digest in model.digests().items():
        click.echo(f"sha256 {file}: {digest}")
    if model.card:
        click.echo("\n" + shown(model.card).strip())


def _model(folder: Path) -> Model:
    config: object = {}
    path = folder / "config.json"
    try:
        # A model that is a table of numbers in JSON needs no configuration beside it.
        if path.exists():
            config = json.loads(path.read_text(encoding="utf-8"))
        card = folder / "README.md"
        text = card.read_text(encoding="utf-8") if card.exists() else ""
    except (OSError, ValueError) as error:
        raise DamagedDataError(f"{folder}: cannot be read ({error}); reinstall claimcheck") from error
    if not isinstance(config, dict):
        raise DamagedDataError(f"{path}: holds {type(config).__name__}, expected an object; reinstall claimcheck")
    size = sum(item.stat().st_size for item in folder.iterdir() if item.is_file())
    return Model(folder.name, folder, config, size, text)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
