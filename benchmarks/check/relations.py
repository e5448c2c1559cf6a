"""Siblings, originals, gated bases, adapters, merges, towers: what is related without a fault, and what with one."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.check.case import Case, Written
from benchmarks.check.weights import WEIGHTS, lora
from tests.claims.families import FAMILIES, Family
from tests.claims.repositories import card, write_model
from tests.models import safetensors

_TABLE = Path(__file__).parent / "relations.toml"
_GATED = "org/gated"
_CACHE = "models--org--gated/snapshots/0123456789"
_ADAPTER = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}


def relation_cases() -> Iterator[Case]:
    """Every relation of the table in every licence family that it lists."""
    for entry in tomllib.loads(_TABLE.read_text(encoding="utf-8"))["relation"]:
        for title in entry["families"]:
            family = next(family for family in FAMILIES if family.title == title)
            yield Case(
                name=f"{entry['name']}, {title}",
                part="relations",
                write=partial(_write, entry, family),
                findings=frozenset(entry["findings"]),
            )


def _write(entry: Mapping[str, Any], family: Family, folder: Path) -> Written:
    """Write base, subject and, where there is one, the other model; each given as the entry says."""
    places: dict[str, list[Path]] = {"reference": [], "earlier": [], "beside": [], _GATED: []}
    base_as = entry.get("base", "beside")
    if base_as != "absent":
        place = {_GATED: "downloads", "cache": _CACHE}.get(base_as, family.base)
        words = card(family.label, *entry.get("base_prose", ()), title=family.base)
        base = write_model(
            folder / place,
            WEIGHTS[entry.get("base_weights", "base")](),
            words,
            {**family.base_files, **entry.get("base_files", {})},
        )
        places["reference" if base_as == "cache" else base_as].append(base)
    if "other" in entry:
        other = entry["other"]
        is_same = other.get("license") == "same"
        label = family.label if is_same else {"license": other.get("license", "cc-by-nc-4.0")}
        words = card(_filled({**label, **other.get("front", {})}, family), *other.get("prose", ()), title="Other")
        shown = family.base_files if is_same else {}
        places[other["as"]].append(write_model(folder / "other-7b", WEIGHTS[other["weights"]](), words, shown))
    subject = _subject(entry, family, folder)
    named = {_GATED: places[_GATED][0]} if places[_GATED] else {}
    return Written(subject, tuple(places["reference"]), tuple(places["earlier"]), named)


def _subject(entry: Mapping[str, Any], family: Family, folder: Path) -> Path:
    front = {**family.label, **_filled(entry.get("front", {}), family)}
    words = card(front, *family.sentences, *entry.get("prose", ()), title=family.subject)
    files = {**family.files, **entry.get("files", {})}
    if "adapter_base" not in entry:
        return write_model(folder / family.subject, WEIGHTS[entry["weights"]](), words, files)
    settings = {**_ADAPTER, "base_model_name_or_path": _filled({"": entry["adapter_base"]}, family)[""]}
    subject = folder / family.subject
    subject.mkdir()
    (subject / "adapter_model.safetensors").write_bytes(safetensors(lora()))
    for name, text in {**files, "README.md": words, "adapter_config.json": json.dumps(settings)}.items():
        (subject / name).write_text(text, encoding="utf-8")
    return subject


def _filled(front: Mapping[str, str], family: Family) -> dict[str, str]:
    """The front matter with the base's name in its place."""
    return {
        key: value.replace("{base}", family.base).replace("{BASE}", family.base.upper()) for key, value in front.items()
    }
