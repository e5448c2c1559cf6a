"""What README and docs show is run and what they link to is there; ``--update-goldens`` writes what is printed now."""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import documentation
from documentation.blocks import CONSOLE as CONSOLE_BLOCKS
from documentation.blocks import FENCED
from documentation.blocks import PYTHON as PYTHON_BLOCKS
from tests.cli.running import called

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md")))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A block of a page, and what the page shows below it."""

    page: Path
    code: str
    shown: str = ""

    def __str__(self) -> str:
        return f"{self.page.name}: {self.code.splitlines()[0]}"


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


CONSOLE = [Example(page, *block) for page in PAGES for block in CONSOLE_BLOCKS.findall(_text(page))]
PYTHON = [Example(page, code) for page in PAGES for code in PYTHON_BLOCKS.findall(_text(page))]
LINKED = {(page, link) for page in PAGES for link in _LINK.findall(FENCED.sub("", _text(page)))}
LINKS = sorted((page, link) for page, link in LINKED if ":" not in link)


def _settled(text: str) -> str:
    """Output without what differs between runs: seconds, trailing blanks."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return re.sub(r"(in|,) <?[\d.]+ s\b", r"\1 T s", "\n".join(lines))


def _anchors(page: Path) -> set[str]:
    """What a link may name after ``#``, as GitHub and the site make it from headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(FENCED.sub("", _text(page))))
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_the_main_commands_are_shown_with_what_they_print() -> None:
    commands = [example.code for example in CONSOLE]
    for beginning in ("compare sample_checkpoints", "check sample_checkpoints"):
        assert any(command.startswith(f"lineage-audit {beginning}") for command in commands), beginning


@pytest.mark.parametrize("example", CONSOLE, ids=str)
def test_console_examples_print_what_the_page_shows(
    example: Example, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    done = called(*shlex.split(example.code)[1:])
    assert done.returncode in (0, 1), done.stderr
    if request.config.getoption("--update-goldens") and _settled(done.stdout) != _settled(example.shown):
        printed = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())
        before, after = f"$ {example.code}\n{example.shown}```", f"$ {example.code}\n{printed}\n```"
        example.page.write_text(_text(example.page).replace(before, after), encoding="utf-8")
        return
    assert _settled(done.stdout) == _settled(example.shown)


@pytest.mark.parametrize("example", PYTHON, ids=str)
def test_python_examples_run(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(example.code, example.page.name, "exec"), {})


@pytest.mark.parametrize(("page", "link"), LINKS, ids=lambda part: part.name if isinstance(part, Path) else part)
def test_links_lead_to_files_and_headings(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    assert target.exists()
    assert not anchor or anchor in _anchors(target)


@pytest.mark.parametrize("name", documentation.PAGES)
def test_pages_made_from_the_code_say_what_it_says(name: str, request: pytest.FixtureRequest) -> None:
    path = documentation.DOCS / name
    if request.config.getoption("--update-goldens"):
        path.write_text(documentation.PAGES[name](), encoding="utf-8", newline="\n")
    assert _text(path) == documentation.PAGES[name](), "run python -m documentation and review the difference"


def test_every_page_has_its_place_on_the_site() -> None:
    site = yaml.safe_load(_text(ROOT / "mkdocs.yml"))
    placed = set(_leaves(site["nav"]))
    apart = [pattern.strip() for pattern in site["not_in_nav"].splitlines()]
    pages = {page.relative_to(documentation.DOCS).as_posix() for page in PAGES if documentation.DOCS in page.parents}
    left = {page for page in pages - placed if not any(fnmatch.fnmatch(page, pattern) for pattern in apart)}
    assert left == set()
    assert placed - pages == {"index.md"}


def _leaves(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, list):
        for item in nav:
            yield from _leaves(item)
    elif isinstance(nav, dict):
        yield from _leaves(list(nav.values()))
