"""A check takes ``BASE+ADAPTER`` wherever it takes a model."""

from __future__ import annotations

from pathlib import Path

from lineage_audit import check
from tests import models
from tests.checkpoint.composed.adapters import adapter, llama_updates, merged

WEIGHTS, CONFIG = models.llama(1, models.WIDE), models.llama_config(models.WIDE)
UPDATES = llama_updates(1, models.WIDE)
CARD = b"---\nlicense: mit\n---\n# A model\n"


def _folders(root: Path) -> tuple[str, str, str]:
    base = models.write(root / "base", models.repository(WEIGHTS, CONFIG))
    added = models.write(root / "added", {**adapter(UPDATES, base_model_name_or_path=None), "README.md": CARD})
    whole = models.write(root / "whole", models.repository(merged(WEIGHTS, UPDATES), CONFIG) | {"README.md": CARD})
    return str(base), str(added), str(whole)


def test_a_merged_model_is_held_against_base_and_adapter(tmp_path: Path) -> None:
    base, added, whole = _folders(tmp_path)
    report = check(whole, earlier=[f"{base}+{added}"], with_declared=False)
    assert [reference.relation for reference in report.references] == ["identical"]
    assert any(finding.rule_id == "LA101" for finding in report.findings)


def test_an_adapter_on_its_base_is_held_against_a_merged_model(tmp_path: Path) -> None:
    base, added, whole = _folders(tmp_path)
    report = check(f"{base}+{added}", [whole], with_declared=False)
    assert [reference.relation for reference in report.references] == ["identical"]
