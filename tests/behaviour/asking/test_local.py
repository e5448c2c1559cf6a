"""Models on this machine: what is asked of them, and what is refused before anything is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lineage_audit.behaviour import prompt_set
from lineage_audit.behaviour.asking.local import ask_local
from lineage_audit.behaviour.openings import CLASSES, opening_of
from lineage_audit.errors import LineageAuditError
from tests.cli.running import PARENT

PROMPTS = prompt_set()


def test_answers_are_what_the_model_says_summed_by_bytes() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    answers = ask_local(PARENT, PROMPTS)
    assert answers.answered.mean() > 0.95
    assert answers.seen[answers.answered].sum(axis=1) == pytest.approx(1.0, abs=1e-3)
    passage, places = PROMPTS.passages[0], next(PROMPTS.places())
    tokenizer = AutoTokenizer.from_pretrained(PARENT)
    model = AutoModelForCausalLM.from_pretrained(PARENT, dtype=torch.float32).eval()
    stop = passage.stops[3]
    with torch.no_grad():
        likely = model(**tokenizer(passage.text[:stop], return_tensors="pt")).logits[0, -1].softmax(-1).numpy()
    expected = np.zeros(CLASSES)
    for token, probability in enumerate(likely):
        text = "" if token in tokenizer.all_special_ids else tokenizer.decode([token])
        expected[opening_of(text.encode())] += probability
    assert answers.seen[places[3]] == pytest.approx(expected, abs=1e-4)


def _copy(folder: Path) -> Path:
    shutil.copytree(PARENT, folder)
    return folder


def test_code_of_a_repository_is_never_run(tmp_path: Path) -> None:
    model = _copy(tmp_path / "model")
    ran = tmp_path / "ran"
    (model / "modeling_evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Evil: ...\n")
    config = json.loads((model / "config.json").read_text())
    config |= {
        "model_type": "evil",
        "auto_map": {"AutoConfig": "modeling_evil.Evil", "AutoModelForCausalLM": "modeling_evil.Evil"},
    }
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(LineageAuditError) as raised:
        ask_local(str(model), PROMPTS)
    assert not ran.exists()
    assert "\n" not in str(raised.value)


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    model = _copy(tmp_path / "model")
    torch.save(load_file(model / "model.safetensors"), model / "pytorch_model.bin")
    (model / "model.safetensors").unlink()
    with pytest.raises(LineageAuditError, match="convert them to safetensors"):
        ask_local(str(model), PROMPTS)


def test_without_a_tokenizer_nothing_can_be_told_by_bytes(tmp_path: Path) -> None:
    model = _copy(tmp_path / "model")
    (model / "tokenizer.json").unlink()
    with pytest.raises(LineageAuditError, match="tokenizer"):
        ask_local(str(model), PROMPTS)


def test_a_model_that_is_not_there_is_one_line() -> None:
    with pytest.raises(LineageAuditError):
        ask_local("./no-such-model", PROMPTS)
