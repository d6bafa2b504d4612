"""Imports point down, importing does nothing heavy, and every name in __all__ exists (ruff sorts them)."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import claimcheck

SOURCE = Path(claimcheck.__file__).parent
# Lower layers first; a module may import from its own package and from layers before it.
LAYERS = [
    {"version", "errors"}, {"records"}, {"settings", "onnx", "numbers"}, {"page", "claims", "corpus"},
    {"retrieval", "entailment"}, {"verdict"}, {"findings"}, {"report"}, {"store"}, {"capture"}, {"pipeline"},
    {"evaluate"}, {"scan"}, {"review"}, {"commands"}, {"cli"},
]  # fmt: skip
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def modules():
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        if parts[0] not in {"__init__", "__main__"}:
            yield path, parts[0]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module == "claimcheck":
            names = [f"claimcheck.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("claimcheck."):
                yield name.split(".")[1]


def test_every_module_has_its_layer():
    assert {top for _, top in modules()} <= set(LEVEL)


def test_imports_point_down():
    wrong = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path, top in modules()
        for name in imported(path)
        if name != top and LEVEL[name] >= LEVEL[top]
    ]
    assert wrong == []


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("numpy", "onnxruntime", "torch", "rich", "yaml")
    code = f"import sys, claimcheck; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_public_names_exist():
    for info in pkgutil.walk_packages([str(SOURCE)], "claimcheck."):
        module = importlib.import_module(info.name)
        names = getattr(module, "__all__", None)
        if names is not None:
            assert all(hasattr(module, name) for name in names), info.name
