"""One model against many: opened once, read once, and each comparison the same as alone."""

from dataclasses import replace
from pathlib import Path

import pytest

import lineage_audit
from lineage_audit import comparing
from lineage_audit.checkpoint import open_checkpoint
from tests.models import WIDE, llama, llama_config, noisy, repository, write


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    weights, config = llama(1, WIDE), llama_config(WIDE)
    kept = {"a": weights, "tuned": noisy(weights, 2, 0.1), "rounded": noisy(weights, 3, 0.01), "other": llama(9, WIDE)}
    return {name: str(write(folder / name, repository(tensors, config))) for name, tensors in kept.items()}


def test_each_comparison_is_the_same_as_alone(models: dict[str, str]) -> None:
    others = [models[name] for name in ("tuned", "rounded", "other")]
    found = lineage_audit.compare_many(models["a"], others)
    assert [report.verdict.relation for report in found.reports] == ["derived", "derived", "independent"]
    for ref, report in zip(others, found.reports, strict=True):
        alone = lineage_audit.compare(models["a"], ref)
        assert report.verdict == alone.verdict
        assert report.evidence == alone.evidence
        assert report.b == alone.b


def test_one_model_is_opened_and_read_once(models: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def counted(ref: str, weights: str | None = None):  # type: ignore[no-untyped-def]
        opened.append(Path(ref).name)
        return open_checkpoint(ref, weights)

    monkeypatch.setattr(comparing, "open_checkpoint", counted)
    others = [models["tuned"], models["rounded"]]
    one = lineage_audit.compare_many(models["a"], others[:1], effort="sample")
    both = lineage_audit.compare_many(models["a"], others, effort="sample")
    assert opened == ["a", "tuned", "a", "tuned", "rounded"]
    assert both.a.bytes_read == one.a.bytes_read > 0


def test_no_more_is_kept_than_there_is_room_for(models: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    others = [models["tuned"], models["rounded"]]
    kept = lineage_audit.compare_many(models["a"], others)
    monkeypatch.setattr(comparing, "_KEPT_BYTES", 1)
    read_again = lineage_audit.compare_many(models["a"], others)
    assert read_again.a.bytes_read > kept.a.bytes_read
    assert [one.verdict for one in read_again.reports] == [one.verdict for one in kept.reports]


def test_what_cannot_be_read_is_named_and_stops_nothing(models: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    gone = [str(tmp_path / "gone"), str(tmp_path / "empty")]
    found = lineage_audit.compare_many(models["a"], [gone[0], models["tuned"], gone[1]])
    assert [model.ref for model in found.unread] == ["gone", "empty"]
    assert all(model.reason and "\n" not in model.reason for model in found.unread)
    assert len(found.reports) == 1
    with pytest.raises(lineage_audit.LineageAuditError):
        lineage_audit.compare_many(gone[0], [models["tuned"]])


def test_fingerprints_and_models_stand_in_one_list(models: dict[str, str], tmp_path: Path) -> None:
    made = str(tmp_path / "tuned.fingerprint")
    lineage_audit.fingerprint(models["tuned"], made)
    by_model = lineage_audit.compare_many(models["a"], [made, models["tuned"]])
    assert [report.verdict.relation for report in by_model.reports] == ["derived", "derived"]
    by_fingerprint = lineage_audit.compare_many(made, [models["a"], models["other"]])
    assert by_fingerprint.reports[0].verdict.relation == "derived"
    assert by_fingerprint.a.format.startswith("fingerprint")


def test_a_document_holds_a_document_a_comparison(models: dict[str, str]) -> None:
    from jsonschema import Draft202012Validator

    from lineage_audit.report.json import schema_of

    found = lineage_audit.compare_many(models["a"], [models["tuned"], "/nowhere/at-all"])
    document = found.to_dict()
    Draft202012Validator(schema_of(lineage_audit.Comparisons)).validate(document)
    assert document["reports"][0] == found.reports[0].to_dict()
    assert lineage_audit.Comparisons.from_json(document) == replace(found)
    assert found.to_rows()[0]["relation"] == "derived"
