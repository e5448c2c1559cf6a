"""The layers of docs/architecture.md, read off the code: what each package may know of the others, and shows them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lineage_audit"
MODULES = sorted(PACKAGE.rglob("*.py"))
ALL = [*MODULES, *(path for room in ("tests", "benchmarks", "documentation") for path in (ROOT / room).rglob("*.py"))]

BASE = {"results", "errors", "sizes", "version", "whole_files"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "arguments": BASE,
    "sizes": set(),
    "version": set(),
    "whole_files": {"errors"},
    "results": BASE,
    "report": BASE,
    "checkpoint": BASE | {"checkpoint"},
    "inspection": BASE | {"checkpoint", "comparison"},
    "comparison": BASE | {"checkpoint", "comparison"},
    "library": BASE | {"checkpoint", "comparison", "library"},
    "certificate": BASE | {"checkpoint", "comparison", "library", "certificate"},
    "certifying": BASE | {"checkpoint", "certificate", "whole_files"},
    "comparing": BASE | {"checkpoint", "comparison", "library", "certifying"},
    "behaviour": BASE | {"checkpoint", "comparison", "library", "behaviour"},
    "claims": BASE | {"checkpoint", "comparison", "claims", "library", "certificate"},
}
"""Part of the package -> the parts that it may import; only the public functions and the commands see everything."""

RENDERS_ITSELF = PACKAGE / "results" / "rendered.py"
"""The one module that reaches above its layer, inside its methods: what a person may ask of any result."""

ONLY_IN: dict[str, set[str]] = {
    "rich": {"report", "cli"},
    "click": {"cli"},
}
_A_NAME_IN_A_STRING = re.compile(r"[\w.:]+")
HEAVY = {
    "torch", "transformers", "huggingface_hub", "scipy", "gguf", "yaml", "rich", "matplotlib", "safetensors", "requests"
}  # fmt: skip


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


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


def test_modules_import_only_from_their_own_layer_and_below() -> None:
    assert [f"{path} imports {name}" for path in MODULES for name in _imported_from_above(path)] == []


def _imported_from_above(path: Path) -> Iterator[str]:
    allowed = BASE | {"report"} if path == RENDERS_ITSELF else MAY_IMPORT.get(_part(path))
    for _, name in _imports(_tree(path)):
        words = name.split(".")
        is_ours = words[0] == "lineage_audit" and len(words) > 1 and words[1] != _part(path)
        if is_ours and allowed is not None and words[1] not in allowed:
            yield name
        if words[0] in ONLY_IN and _part(path) not in ONLY_IN[words[0]]:
            yield name


def test_results_render_themselves_only_when_they_are_asked_to() -> None:
    tree = _tree(RENDERS_ITSELF)
    at_top = {name for node, name in _imports(tree) if node in tree.body}
    assert not any(name.startswith("lineage_audit") for name in at_top)


def test_heavy_imports_stand_inside_functions() -> None:
    heavy = [f"{path} imports {name}" for path in MODULES if not _is_terminal(path) for name in _heavy_at_top(path)]
    assert heavy == []


def _heavy_at_top(path: Path) -> Iterator[str]:
    tree = _tree(path)
    forbidden = HEAVY | ({"numpy"} if _part(path) in ("results", "errors", "cli", "report") else set())
    at_top = set(tree.body) - _for_types_only(tree)
    return (name for node, name in _imports(tree) if node in at_top and name.split(".")[0] in forbidden)


def _is_terminal(path: Path) -> bool:
    """The terminal's modules are loaded when something is printed there, and may import rich at once."""
    return path.is_relative_to(PACKAGE / "report" / "terminal")


def test_results_and_errors_need_nothing_but_the_standard_library() -> None:
    import sys

    for path in MODULES:
        if _part(path) in ("results", "errors", "version"):
            for _, name in _imports(_tree(path)):
                root = name.split(".")[0]
                assert root == "lineage_audit" or root in sys.stdlib_module_names


@cache
def _named_in(path: Path) -> set[str]:
    """Every name in a module, those in strings like ``"package.module.name"`` too."""
    return {name for node in ast.walk(_tree(path)) for name in _names_of(node)}


def _names_of(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [name]
        case ast.alias(name=name):
            return name.split(".")
        case ast.Constant(value=str(text)) if _A_NAME_IN_A_STRING.fullmatch(text):
            return re.split(r"[.:]", text)
    return []


def _defined_in(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """What a module defines at its top, without what a decorator hands on to a registry."""
    for node in _tree(path).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name, decorator_list=[]):
                yield name, node
            case ast.Assign(targets=targets):
                yield from ((name.id, node) for name in _plain(targets))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node


def _plain(targets: list[ast.expr]) -> Iterator[ast.Name]:
    for target in targets:
        yield from (each for each in ast.walk(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def test_what_only_its_own_module_names_is_private() -> None:
    modules = Counter(name for path in ALL for name in _named_in(path))
    alone = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in MODULES
        for name, _ in _defined_in(path)
        if _is_public(name) and modules[name] - (name in _named_in(path)) == 0
    ]
    assert alone == []


def test_no_public_class_name_stands_twice() -> None:
    defined = Counter(
        name
        for path in MODULES
        for name, node in _defined_in(path)
        if isinstance(node, ast.ClassDef) and _is_public(name)
    )
    assert [name for name, count in defined.items() if count > 1] == []


TESTED_FROM_ABOVE = {"report/html/sections": "pages are made of them: tests/report/html/test_pages.py"}
BESIDE_THE_PACKAGE = {"benchmarks", "ci", "hostile"}
"""Folders of tests of something else: benchmarks, what the repository holds, and attacks on every room at once."""


def test_tests_mirror_the_rooms_of_the_package() -> None:
    tests = [(_room(path, ROOT / "tests"), path) for path in (ROOT / "tests").rglob("test_*.py")]
    tested = {room for room, _ in tests if room.split("/")[0] not in BESIDE_THE_PACKAGE}
    in_one_file = {f"{room}/{path.stem.removeprefix('test_')}" for room, path in tests}
    rooms = {_room(path, PACKAGE) for path in MODULES if path.name != "__init__.py"}
    assert rooms - tested - in_one_file == TESTED_FROM_ABOVE.keys()
    assert {room for room in tested - rooms if not (PACKAGE / f"{room}.py").is_file()} == set()


def _room(path: Path, root: Path) -> str:
    """The folder of a file below ``root``: ``checkpoint/names``."""
    return path.parent.relative_to(root).as_posix()
