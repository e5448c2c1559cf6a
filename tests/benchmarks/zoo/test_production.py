from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.training.publishing import read_json, write_json
from benchmarks.zoo import corpora
from benchmarks.zoo.build import build
from benchmarks.zoo.catalogue import Entry, catalogue
from benchmarks.zoo.model import read_model, to_transformers
from benchmarks.zoo.production import RECORD_FILE, is_complete, make
from lineage_audit.checkpoint import open_checkpoint

SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 4}
DESCENDANTS = (
    "llama-1",
    "llama-1_light",
    "llama-1_lora-4",
    "llama-1_revocabularied",
    "llama-1_distilled",
    "llama-1_extended",
    "llama-1_float16",
    "llama-1_light_units",
)


def _smaller(entry: Entry) -> Entry:
    """The same entry over a base small enough for a test."""
    config = {**entry.base.config, **SIZES, "vocab_size": 300}
    base = replace(entry.base, config=config, tokenizer="python-a-300", steps=10)
    return replace(entry, base=base, parents=tuple(map(_smaller, entry.parents)))


@pytest.fixture(scope="module")
def zoo(tmp_path_factory) -> tuple[Path, dict[str, Entry]]:
    """A few models made from this project's own sources as text."""
    sources = tuple(path.read_text() for path in sorted(Path(corpora.__file__).parent.glob("*.py")))
    entries = {name: _smaller(catalogue("threshold")[name]) for name in DESCENDANTS}
    out = tmp_path_factory.mktemp("zoo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.zoo.store.CORPORA", dict.fromkeys(corpora.CORPORA, lambda: sources))
        for entry in entries.values():
            make(entry, out)
    return out, entries


@pytest.mark.parametrize("name", DESCENDANTS)
def test_every_folder_is_a_checkpoint_that_transformers_and_the_loader_read(name, zoo):
    out, entries = zoo
    folder = out / entries[name].folder
    record = read_json(folder / RECORD_FILE)
    model = to_transformers(read_model(folder, record["tokenizer"], tuple(record["added_tokens"])))
    checkpoint = open_checkpoint(str(folder))
    assert sum(p.numel() for p in model.parameters()) == checkpoint.parameters
    assert len(checkpoint.vocabulary.ids) + len(checkpoint.vocabulary.added) >= model.config.vocab_size
    assert {tensor.role for tensor in checkpoint.tensors} >= {"embed", "q", "k", "v", "o", "gate", "up", "down"}


def test_training_moved_what_it_should(zoo):
    out, entries = zoo
    base, light, lora = (
        read_model(out / entries[name].folder, "t").weights for name in ("llama-1", "llama-1_light", "llama-1_lora-4")
    )
    assert all(not torch.equal(base[name], light[name]) for name in base)
    moved = {name.split(".")[2] for name in base if not torch.equal(base[name], lora[name])}
    assert moved == {"q", "v"}


def test_storage_type_and_vocabulary_follow_the_recipe(zoo):
    out, entries = zoo
    configs = {name: read_json(out / entries[name].folder / "config.json") for name in DESCENDANTS}
    assert configs["llama-1"]["dtype"] == "float32"
    assert configs["llama-1_float16"]["dtype"] == "float16"
    assert configs["llama-1_extended"]["vocab_size"] == 312


def test_a_model_is_complete_until_its_recipe_changes(zoo):
    out, entries = zoo
    entry = entries["llama-1_light"]
    assert is_complete(entry, out)
    assert not is_complete(replace(entry, digest="another"), out)
    assert not is_complete(replace(entry, name="llama-1_heavy"), out)


def test_a_complete_model_is_left_alone(zoo, capsys):
    out, entries = zoo
    folder = out / entries["llama-1"].folder
    record = read_json(folder / RECORD_FILE)
    write_json(folder / RECORD_FILE, {**record, "mark": "kept"})
    build([entries["llama-1"]], out, workers=1)
    assert "1 models, 0 to make" in capsys.readouterr().out
    assert read_json(folder / RECORD_FILE)["mark"] == "kept"
