"""Every licence family: what it asks for is shown, or one thing is lacking; and the base named in many spellings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.check.case import Case, Written
from tests.claims.families import FAMILIES, Family, Lacking
from tests.claims.repositories import base_weights, derived_weights, write_model

_COMPLETE = Lacking("")
_SPELLINGS: tuple[str, ...] = (
    "base_model: {base}",
    "base_model: [{base}]",
    "base_model:\n- {base}",
    "base_model:\n  name: {base}\n  revision: main",
    "base_model: org/{base}",
    "base_model: https://huggingface.co/org/{base}/tree/main",
    "base_model: ORG/{upper}",
    "base_model: org/{base}-bnb-4bit",
    'base_model: "org/{base}"  # as published',
)
"""How a front matter may name the base; each family takes the next two."""
_UNNAMED = "tags: [sample]"


def family_cases() -> Iterator[Case]:
    """Compliant derivatives, each obligation that may lack, and an undeclared base, for every family."""
    for number, family in enumerate(FAMILIES):
        for chosen in (2 * number % len(_SPELLINGS), (2 * number + 1) % len(_SPELLINGS)):
            yield _case(family, f"complete, spelling {chosen}", _SPELLINGS[chosen], _COMPLETE, frozenset())
        for count, lacking in enumerate(family.lacking):
            findings = frozenset({f"{lacking.rule} {lacking.level}"})
            yield _case(family, f"lacking {lacking.rule}, {count}", _SPELLINGS[0], lacking, findings)
        yield _case(family, "undeclared", _UNNAMED, _COMPLETE, frozenset({f"LA101 {_undeclared_level(family)}"}))


def _case(family: Family, name: str, spelling: str, lacking: Lacking, findings: frozenset[str]) -> Case:
    write = partial(_write, family, spelling, lacking)
    return Case(f"{family.title}: {name}", "families", write, findings)


def _undeclared_level(family: Family) -> str:
    """What the family has a card say may mention the base: then the card is not silent."""
    return "warning" if any(family.base in sentence for sentence in family.sentences) else "error"


def _write(family: Family, spelling: str, lacking: Lacking, folder: Path) -> Written:
    label = "".join(f"{key}: {value}\n" for key, value in family.label.items())
    base = write_model(folder / family.base, base_weights(), f"---\n{label}---\n# {family.base}\n", family.base_files)
    stated = "".join(f"{key}: {value}\n" for key, value in (lacking.label or family.label).items())
    name = lacking.name or family.subject
    sentences = [sentence for sentence in family.sentences if sentence != lacking.without_sentence]
    files = {key: text for key, text in family.files.items() if key != lacking.without_file} | dict(lacking.files)
    front = stated + spelling.format(base=family.base, upper=family.base.upper())
    words = "\n\n".join((f"---\n{front}\n---\n# {name}", *sentences)) + "\n"
    subject = write_model(folder / name, derived_weights(), words, files)
    return Written(subject, earlier=(base,)) if spelling == _UNNAMED else Written(subject, (base,))
