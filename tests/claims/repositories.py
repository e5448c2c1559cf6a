"""Model repositories of a few kilobytes, written to disk: seeded weights, a card, whatever files a test wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.models import Config, Size, Weights, llama, llama_config, noisy, safetensors

TINY = Size(layers=2, hidden=16, heads=4, kv_heads=2, ffn=48, vocab=32)
BASE_SEED, OTHER_SEED, NOISE_SEED = 1, 2, 3
FILLER = "The terms that would follow in a real file are left out here. " * 20


def base_weights() -> Weights:
    return llama(BASE_SEED, TINY)


def derived_weights() -> Weights:
    return noisy(base_weights(), NOISE_SEED, 0.05)


def independent_weights() -> Weights:
    return llama(OTHER_SEED, TINY)


def write_model(
    folder: Path,
    weights: Weights | None,
    card: str | None = None,
    files: Mapping[str, str] | None = None,
    config: Config | None = None,
) -> Path:
    """Write one repository; without weights, a Git LFS pointer stands in their place."""
    folder.mkdir(parents=True)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    (folder / "model.safetensors").write_bytes(pointer if weights is None else safetensors(weights, "F16"))
    (folder / "config.json").write_text(json.dumps(llama_config(TINY, **(config or {})), indent=1))
    if card is not None:
        (folder / "README.md").write_text(card, encoding="utf-8")
    for name, text in (files or {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def card(front: Mapping[str, str], *prose: str, title: str = "A model") -> str:
    """A model card: front matter in the order given, a heading, paragraphs."""
    lines = "".join(f"{key}: {value}\n" for key, value in front.items())
    return f"---\n{lines}---\n# {title}\n\n" + "\n\n".join(prose) + "\n"
