"""The session of docs/api.md in a notebook: every cell runs, and a report shows its first screen."""

from __future__ import annotations

import pytest

from documentation.notebook import notebook, run, shown

pytest.importorskip("nbformat")


def test_the_session_runs_and_a_report_shows_its_page():
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    forms = shown(run())
    assert len(forms) == len(notebook().cells) > 5
    assert any("text/html" in cell for cell in forms)
