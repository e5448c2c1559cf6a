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


def test_of_a_base_and_an_adapter_the_adapters_words_count_alone(tmp_path: Path) -> None:
    """The base's label excuses nothing, and a base that the adapter names is looked for beside it."""
    base, added, _ = _folders(tmp_path)
    (Path(base) / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# A base\n")
    (Path(added) / "README.md").write_text("---\nlicense: apache-2.0\nbase_model: base\n---\nFine-tuned.\n")
    report = check(f"{base}+{added}")
    assert report.declared_licence is not None
    assert report.declared_licence.key == "apache-2.0"
    assert [(reference.ref, reference.status) for reference in report.references] == [("base", "compared")]
    assert [finding.rule_id for finding in report.findings if finding.level == "error"] == ["LA202"]
