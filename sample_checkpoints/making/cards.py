"""Fill in the model cards and the table of all samples with what training measured.

The texts stand in `card_texts/`: a folder of them for each sample, and `index.md` for the table.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from benchmarks.training.publishing import RESULTS_FILE, read_json
from sample_checkpoints.making.recipes import RECIPES, Disguise

TEXTS = Path(__file__).parent / "card_texts"


def write_card(name: str, folder: Path) -> None:
    """Write the card of the sample `name`, and its licence if it has one, into its folder."""
    values = _measured(folder) if (folder / RESULTS_FILE).exists() else {}
    for text in sorted((TEXTS / name).iterdir()):
        _fill_in(text, folder / text.name, values)


def write_index(samples: Path) -> None:
    """Write the table of all samples, once all trained ones are there."""
    trained = [samples / recipe.name for recipe in RECIPES if not isinstance(recipe, Disguise)]
    if not all((folder / RESULTS_FILE).exists() for folder in trained):
        return
    values = {
        f"{folder.name.replace('-', '_')}_{key}": value
        for folder in trained
        for key, value in _measured(folder).items()
    }
    _fill_in(TEXTS / "index.md", samples / "README.md", values)


def _measured(folder: Path) -> dict[str, str]:
    results = read_json(folder / RESULTS_FILE)
    return {
        "gains": f"{results['norm_gain_std']:.3f}",
        "loss": f"{results['train_loss']:.3f}",
        "steps": f"{results['train_steps']}",
        "tokens": f"{results['train_tokens']:,}",
    }


def _fill_in(text: Path, target: Path, values: dict[str, str]) -> None:
    filled = Template(text.read_text(encoding="utf-8")).substitute(values)
    target.write_text(filled, encoding="utf-8")
