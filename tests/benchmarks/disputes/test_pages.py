"""The pages of public disputes show what the stand-ins' command prints; ``--update-goldens`` writes what is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.disputes.__main__ import main
from benchmarks.disputes.stand_ins import PARENT, STAND_INS

PAGES = sorted((Path(__file__).parents[3] / "docs" / "disputes").glob("*.md"))
_BLOCK = re.compile(r"^```console\n\$ python -m benchmarks\.disputes (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADINGS = (
    "**Claimed, ",
    "**The number.**",
    "**What chance gives.**",
    "**What this tool reads.**",
    "**Not run here.**",
    "## Sources",
)
SHOWN = [(page, *block) for page in PAGES for block in _BLOCK.findall(page.read_text(encoding="utf-8"))]
pytestmark = pytest.mark.skipif(not PARENT.is_dir(), reason="no sample checkpoints")


def test_every_stand_in_is_shown() -> None:
    assert {name for _, name, _ in SHOWN} == set(STAND_INS)


@pytest.mark.parametrize(("page", "name", "shown"), SHOWN, ids=[name for _, name, _ in SHOWN])
def test_a_page_shows_what_its_command_prints(
    page: Path, name: str, shown: str, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    assert main([name]) == 0
    printed = capsys.readouterr().out
    if request.config.getoption("--update-goldens"):
        head = f"```console\n$ python -m benchmarks.disputes {name}\n"
        text = page.read_text(encoding="utf-8").replace(f"{head}{shown}```", f"{head}{printed}```")
        page.write_text(text, encoding="utf-8")
        return
    assert _settled(printed) == _settled(shown)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md"], ids=lambda page: page.stem)
def test_a_page_says_what_was_claimed_what_chance_gives_what_was_not_run_and_its_sources(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for heading in _HEADINGS:
        assert heading in text
    assert text.count("](https://") >= 2
    assert f"({page.name})" in (page.parent / "README.md").read_text(encoding="utf-8")


def _settled(text: str) -> str:
    """Without digits beyond two, which another machine may round otherwise, and with exponents left out."""
    return re.sub(r"10\^-\d+", "10^-N", re.sub(r"(\d\.\d\d)\d+", r"\1", text))
