"""Whole repositories, each difficult in a way of its own: what is honest must pass, what is not must be found."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from benchmarks.check.case import Case, Part, Written
from benchmarks.check.weights import WEIGHTS, lora
from lineage_audit.claims.licences.body import Body
from tests.checkpoint.formats.gguf_files import converted, write_gguf
from tests.claims.repositories import TINY
from tests.models import Weights, llama_config, safetensors

_TABLES = Path(__file__).parent / "repositories"
_TEXT = re.compile(r"@([\w.-]+\.txt)(?:@([^@\n]+)@([^@\n]+))?")
"""A licence text as the package holds it, one phrase of it replaced or none."""
_ADAPTER = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}
_BYTES: Mapping[str, str] = {"bom": "utf-8-sig", "utf-16": "utf-16"}


def repository_cases(part: Part) -> Iterator[Case]:
    """Every repository of a table: ``honest`` or ``dishonest``."""
    base = {"as": "beside"} if part == "honest" else {"as": "earlier"}
    table = tomllib.loads((_TABLES / f"{part}.toml").read_text(encoding="utf-8"))
    for entry in table["repository"]:
        entry = {**entry, "base": {**base, **entry.get("base", {})}}
        yield Case(entry["name"], part, partial(_write, entry), frozenset(entry["findings"]))


def _write(entry: Mapping[str, Any], folder: Path) -> Written:
    """Write the subject, its base and whatever else it is held against."""
    base = {"at": "base-7b", "weights": "base", "card": "license: cc-by-4.0", **entry["base"]}
    others = [base, *entry.get("others", ())]
    places: dict[str, list[Path]] = {"reference": [], "earlier": []}
    named: dict[str, Path] = {}
    for other in others:
        standing = other.get("as", "beside")
        if standing == "absent":
            continue
        path = _write_model(other, folder / other["at"])
        if "/" in standing:
            named[standing] = path
        elif standing in places:
            places[standing].append(path)
    subject = _write_model({"at": "Nova-7B", "weights": "fine-tune", **entry}, folder / entry.get("at", "Nova-7B"))
    return Written(subject, tuple(places["reference"]), tuple(places["earlier"]), named)


def _write_model(entry: Mapping[str, Any], folder: Path) -> Path:
    """Write one repository: weights in their format, configuration, card and files."""
    folder.mkdir()
    if "adapter" in entry:
        (folder / "adapter_model.safetensors").write_bytes(safetensors(lora()))
        settings = {**_ADAPTER, "base_model_name_or_path": entry["adapter"]}
        (folder / "adapter_config.json").write_text(json.dumps(settings), encoding="utf-8")
    elif entry.get("format") == "gguf":
        _write_gguf(folder, WEIGHTS[entry["weights"]](), entry.get("metadata", {}))
    else:
        (folder / "model.safetensors").write_bytes(safetensors(WEIGHTS[entry["weights"]](), "F16"))
        config = {**llama_config(TINY), **entry.get("config", {})}
        (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    for name, weights in entry.get("folders", {}).items():
        (folder / name).mkdir()
        (folder / name / "model.safetensors").write_bytes(safetensors(WEIGHTS[weights](), "F16"))
    for name, text in entry.get("files", {}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(_with_texts(text), encoding="utf-8")
    if "card" in entry:
        words = f"---\n{entry['card']}\n---\n# {folder.name}\n\n{entry.get('prose', _SAID)}\n"
        (folder / entry.get("card_file", "README.md")).write_bytes(
            words.encode(_BYTES.get(entry.get("bytes"), "utf-8"))
        )
    return folder


_SAID = "It was fine-tuned on technical prose."


def _write_gguf(folder: Path, weights: Weights, metadata: Mapping[str, str]) -> None:
    stored = converted(weights, TINY.heads, TINY.kv_heads)
    write_gguf(folder / "model.gguf", stored, config=llama_config(TINY), texts=metadata)


def _with_texts(text: str) -> str:
    """A file's words, with the whole text of a licence in the place of its name."""

    def whole(found: re.Match[str]) -> str:
        plain = Body((files("lineage_audit.claims.licences") / "texts" / found[1]).read_text(encoding="utf-8")).plain
        return plain.replace(found[2], found[3]) if found[2] else plain

    return _TEXT.sub(whole, text)
