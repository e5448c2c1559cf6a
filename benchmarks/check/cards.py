"""Cards as data: what a card says, and the repository around it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.check.case import Case, Part, Written
from benchmarks.check.worlds import WORLDS, family_of
from tests.claims.repositories import base_weights, card, write_model

_HERE = Path(__file__).parent
_FOLDERS: Mapping[Part, Path] = {
    "held-out": _HERE / "held_out",
    "published": _HERE / "published",
    "cards": _HERE / "cards",
}
_CHANGES = "CHANGES.txt"
"""Where the subject shows what the base's licence asks for, so that its card need not."""


def card_cases(part: Part) -> Iterator[Case]:
    """Every card of a part as a case."""
    for file in sorted(_FOLDERS[part].glob("*.toml")):
        for entry in tomllib.loads(file.read_text(encoding="utf-8"))["card"]:
            yield Case(
                name=f"{file.stem}/{entry['id']}",
                part=part,
                write=partial(_write, entry),
                findings=frozenset((*WORLDS[entry["says"]].findings, *entry.get("also", ()))),
                bases=frozenset(entry.get("bases", ())),
                scratch=entry.get("scratch", False),
            )


def _write(entry: Mapping[str, Any], folder: Path) -> Written:
    """Write the card over weights of its world, with what the licence asks for, and the base beside it."""
    world, family = WORLDS[entry["says"]], family_of(entry["base"])
    base = write_model(folder / entry["base"], base_weights(), card(family.label), family.base_files)
    shown = {**family.files, _CHANGES: "\n\n".join(family.sentences)} if world.owes else {}
    subject = write_model(
        folder / entry.get("repo", "Nova-7B"), world.weights(), files={**shown, **entry.get("files", {})}
    )
    (subject / "README.md").write_bytes(_card(entry))
    return Written(subject, (base,)) if world.is_named else Written(subject, earlier=(base,))


def _card(entry: Mapping[str, Any]) -> bytes:
    """The card, its bytes as the entry says."""
    text = entry["text"].lstrip("\n")
    kind = entry.get("bytes", "")
    if "front" in entry:
        fence = "" if kind == "no-closing-fence" else "---\n"
        text = f"---\n{entry['front']}\n{fence}{text}"
    if kind == "crlf":
        text = text.replace("\n", "\r\n")
    if kind == "utf-16":
        return text.encode("utf-16")
    return text.encode("utf-8-sig" if kind == "bom" else "utf-8")
