"""The session of docs/api.md run as a notebook: ``python -m documentation.notebook`` (needs nbclient and ipykernel)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from documentation.blocks import PYTHON

ROOT = Path(__file__).parents[1]


def notebook() -> Any:
    """The page's code as a notebook, one cell a line that shows something."""
    from nbformat import v4

    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    lines = [line for block in PYTHON.findall(text) for line in block.splitlines() if line.strip()]
    return v4.new_notebook(cells=[v4.new_code_cell(line) for line in lines])


def run() -> Any:
    """Execute it in the repository; an error in a cell is an error here."""
    from nbclient import NotebookClient

    made = notebook()
    NotebookClient(made, timeout=600, resources={"metadata": {"path": str(ROOT)}}).execute()
    return made


def shown(made: Any) -> list[set[str]]:
    """The forms in which each cell showed its value: ``text/plain``, ``text/html``, ..."""
    return [{form for output in cell.outputs for form in output.get("data", {})} for cell in made.cells]


if __name__ == "__main__":
    forms = shown(run())
    pages = sum("text/html" in cell for cell in forms)
    print(f"{len(forms)} cells ran, {pages} of them showed a page")
    sys.exit(0 if pages else 1)
