"""The site's hook: the first page is the README, and what lies outside docs/ has a place on the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
FIRST_PAGE = "README.md"
_LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Take in every file outside docs/ that a page links to."""
    for path, place in _outside().items():
        files.append(File.generated(config, place, content=_text_of(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links lead to where the site holds their files."""
    place = page.file.src_uri
    path = {place: path for path, place in _outside().items()}.get(place, f"docs/{place}")
    return _LINK.sub(lambda link: link[1] + _relinked(link[2], path, place), markdown)


@cache
def _outside() -> Mapping[str, str]:
    """Path of every file outside docs/ that is linked to -> its place in the site's sources."""
    found = {FIRST_PAGE: "index.md"}
    unread = [FIRST_PAGE, *(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md"))]
    while unread:
        for path in _linked_from(unread.pop()):
            if path not in found and not path.startswith("docs/"):
                found[path] = f"project/{path.replace('/', '-')}"
                unread += [path] if path.endswith(".md") else []
    return found


def _linked_from(page: str) -> Iterator[str]:
    for _, link in _LINK.findall(_text_of(page)):
        path = _target_of(link, page)
        if (ROOT / path).is_file():
            yield path


def _relinked(link: str, page: str, place: str) -> str:
    path = _target_of(link, page)
    if not (ROOT / path).is_file():
        return link
    there = _outside().get(path, path.removeprefix("docs/"))
    return posixpath.relpath(there, posixpath.dirname(place) or ".")


def _target_of(link: str, page: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
