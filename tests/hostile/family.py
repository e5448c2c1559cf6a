"""Cases of one kind of attack, all run in one guarded process, and what each must end with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.guarded import Ran, behaves, run_guarded
from tests.models import llama, llama_config, repository, write

WEIGHTS = llama(1)
CONFIG = json.dumps(llama_config()).encode()
CARD = b"---\nlicense: apache-2.0\n---\n"
SOUND = {**repository(WEIGHTS, llama_config()), "README.md": CARD}
"""The other side of every comparison."""

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile repository.

    Attributes:
        files: its files, or what builds them: they may be large.
        codes: the exit codes that ``compare`` may end with.
        says: a word that must stand in what ``compare`` prints.
        check: the exit codes that ``check`` may end with.
        asked: which questions are asked; of files that take seconds to read, one.
    """

    files: Files | Callable[[], Files]
    codes: tuple[int, ...] = (2,)
    says: str = ""
    check: tuple[int, ...] = (2, 3)
    asked: tuple[str, ...] = ("compare", "inspect", "check")


def command(asked: str, good: str, bad: str) -> list[str]:
    """One question about a hostile repository: on either side of a comparison, alone, or checked."""
    return {
        "compare": ["compare", good, bad, "--format", "json"],
        "mirrored": ["compare", bad, good],
        "inspect": ["inspect", bad],
        "check": ["check", bad, "--reference", good, "--no-declared", "--format", "json"],
    }[asked]


Answers = dict[str, Ran]
"""What was asked -> what came of it."""


def run_family(folder: Path, cases: Mapping[str, Case]) -> dict[str, Answers]:
    """Build every case and run its commands, all in one process."""
    write(folder / "good", SOUND)
    plan: list[list[str]] = []
    for number, case in enumerate(cases.values()):
        files = case.files() if callable(case.files) else case.files
        write(folder / f"bad-{number}", files)
        plan += [command(asked, str(folder / "good"), str(folder / f"bad-{number}")) for asked in case.asked]
    ran = iter(run_guarded(folder, plan))
    return {name: {asked: next(ran) for asked in case.asked} for name, case in cases.items()}


def holds(case: Case, answers: Answers) -> None:
    """Assert what the commands of one case must have done."""
    allowed = {"compare": case.codes, "mirrored": case.codes, "inspect": (0, 2), "check": case.check}
    for asked, ran in answers.items():
        behaves(ran)
        assert ran.code in allowed[asked], ran
    assert case.says in answers["compare"].said, answers["compare"]
