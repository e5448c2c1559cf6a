"""Text to train on that is already on the machine: nothing is downloaded.

Two corpora, each a tuple of documents in a fixed order:

- the sources of Python's standard library, which come with CPython;
- English technical prose from the manuals and licences below `/usr/share`. Where a machine has too little of
  it, the docstrings of the standard library stand in.
"""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

Documents = tuple[str, ...]

MINIMUM_CHARACTERS = 1_000_000

# Folders of the standard library that hold other people's packages, test data, number tables or build paths.
SKIPPED_FOLDERS = frozenset({"site-packages", "dist-packages", "test", "tests", "encodings", "__pycache__"})
SKIPPED_PREFIXES = ("_sysconfigdata",)

SHARE = Path("/usr/share")
ENGLISH_SOURCES = (
    "common-licenses/*",
    "doc/git/**/*.txt",
    "perl/**/*.pod",
    "cmake*/Help/**/*.rst",
    "vim/vim*/doc/*.txt",
)
# No single manual may drown the others.
CHARACTERS_PER_SOURCE = 3_000_000


class CorpusTooSmallError(ValueError):
    """This machine has too little text for the training that was asked for."""


@cache
def standard_library() -> Documents:
    """Return the sources of Python's standard library, sorted by path.

    Raises:
        CorpusTooSmallError: if this Python was installed without its sources.
    """
    root = Path(sysconfig.get_path("stdlib"))
    paths = (path for path in sorted(root.rglob("*.py")) if _is_library_source(path.relative_to(root)))
    return _at_least_minimum(_readable(paths), f"Python sources below {root}")


@cache
def english_texts() -> Documents:
    """Return English prose from `/usr/share`, or the standard library's docstrings where that is too little.

    Raises:
        CorpusTooSmallError: if even the docstrings are too few.
    """
    texts = tuple(text for pattern in ENGLISH_SOURCES for text in _first_of_source(pattern))
    if _characters(texts) >= MINIMUM_CHARACTERS:
        return texts
    docstrings = tuple(doc for source in standard_library() for doc in _docstrings(source))
    return _at_least_minimum(texts + docstrings, f"English text below {SHARE} and in docstrings")


@cache
def prose_with_code() -> Documents:
    """Return all English texts followed by every fifth source of the standard library."""
    return english_texts() + standard_library()[::5]


def _is_library_source(path: Path) -> bool:
    return SKIPPED_FOLDERS.isdisjoint(path.parts) and not path.name.startswith(SKIPPED_PREFIXES)


def _first_of_source(pattern: str) -> Iterator[str]:
    left = CHARACTERS_PER_SOURCE
    for text in _readable(sorted(SHARE.glob(pattern))):
        if left <= 0:
            return
        yield text[:left]
        left -= len(text)


def _readable(paths: Iterable[Path]) -> Iterator[str]:
    """Yield each different, non-empty UTF-8 file once: a link to a file already seen adds nothing."""
    seen = set()
    for path in paths:
        if not path.is_file() or path.resolve() in seen:
            continue
        seen.add(path.resolve())
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, PermissionError):
            continue
        if text:
            yield text


def _docstrings(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and (docstring := ast.get_docstring(node)):
            yield docstring


def _at_least_minimum(texts: Iterable[str], what: str) -> Documents:
    documents = tuple(texts)
    found = _characters(documents)
    if found < MINIMUM_CHARACTERS:
        raise CorpusTooSmallError(
            f"{what}: found {found:,} characters, training needs {MINIMUM_CHARACTERS:,}; "
            "use a full CPython installation (on Debian: apt-get install python3 perl-doc)."
        )
    return documents


def _characters(documents: Documents) -> int:
    return sum(map(len, documents))
