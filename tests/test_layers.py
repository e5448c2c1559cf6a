"""The layers of docs/architecture.md, read off the imports: what each package may know of the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lineage_audit"
MODULES = sorted(PACKAGE.rglob("*.py"))

BASE = {"results", "errors", "sizes", "version"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "arguments": BASE,
    "sizes": set(),
    "version": set(),
    "results": BASE,
    "report": BASE,
    "checkpoint": BASE | {"checkpoint"},
    "inspection": BASE | {"checkpoint", "comparison"},
    "comparison": BASE | {"checkpoint", "comparison"},
    "library": BASE | {"checkpoint", "comparison", "library"},
    "certificate": BASE | {"checkpoint", "comparison", "library", "certificate"},
    "comparing": BASE | {"checkpoint", "comparison", "library"},
    "claims": BASE | {"checkpoint", "comparison", "claims", "library"},
}
"""Part of the package -> the parts that it may import; only the command line sees everything."""

RENDERS_ITSELF = PACKAGE / "results" / "rendered.py"
"""The one module that reaches above its layer, inside its methods: what a person may ask of any result."""

ONLY_IN: dict[str, set[str]] = {
    "rich": {"report", "cli"},
    "click": {"cli"},
}
HEAVY = {
    "torch", "transformers", "huggingface_hub", "scipy", "gguf", "yaml", "rich", "matplotlib", "safetensors", "requests"
}  # fmt: skip


def _part(path: Path) -> str:
    """The first name below the package: ``checkpoint``, ``errors``, ..."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module
            if node.module == "lineage_audit":
                yield from ((node, f"lineage_audit.{alias.name}") for alias in node.names)


def _for_types_only(tree: ast.AST) -> set[ast.stmt]:
    """Imports under ``if TYPE_CHECKING``."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
        if isinstance(inner, ast.stmt)
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_layer_and_below(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    allowed = BASE | {"report"} if path == RENDERS_ITSELF else MAY_IMPORT.get(_part(path))
    for _, name in _imports(tree):
        words = name.split(".")
        if words[0] == "lineage_audit" and len(words) > 1 and allowed is not None:
            assert words[1] == _part(path) or words[1] in allowed, f"{path.name} imports {name}"
        if words[0] in ONLY_IN:
            assert _part(path) in ONLY_IN[words[0]], f"{path.name} imports {name}"


def test_results_render_themselves_only_when_they_are_asked_to() -> None:
    tree = ast.parse(RENDERS_ITSELF.read_text(encoding="utf-8"))
    at_top = {name for node, name in _imports(tree) if node in tree.body}
    assert not any(name.startswith("lineage_audit") for name in at_top)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_imports_stand_inside_functions(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = _for_types_only(tree)
    at_top = {node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node in tree.body}
    forbidden = HEAVY | ({"numpy"} if _part(path) in ("results", "errors", "cli", "report") else set())
    for node, name in _imports(tree):
        if node in at_top and node not in typing and not _is_terminal(path):
            assert name.split(".")[0] not in forbidden, f"{path.name} imports {name} when it is loaded"


def _is_terminal(path: Path) -> bool:
    """The terminal's modules are loaded when something is printed there, and may import rich at once."""
    return path.is_relative_to(PACKAGE / "report" / "terminal")


def test_results_and_errors_need_nothing_but_the_standard_library() -> None:
    import sys

    for path in MODULES:
        if _part(path) in ("results", "errors", "version"):
            for _, name in _imports(ast.parse(path.read_text(encoding="utf-8"))):
                root = name.split(".")[0]
                assert root == "lineage_audit" or root in sys.stdlib_module_names
