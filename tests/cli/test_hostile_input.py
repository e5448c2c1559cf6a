"""What comes from others and is damaged, hostile or odd: one clear line and exit code 2, or a verdict with a caveat."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lineage_audit.cli import run
from tests.models import Weights, llama, llama_config, noisy, repository, safetensors, sharded, write

pytestmark = pytest.mark.filterwarnings("error")

CONFIG = json.dumps(llama_config()).encode()
WEIGHTS = llama(1)
WHOLE = safetensors(WEIGHTS)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 4000000000\n"
INDEX = "model.safetensors.index.json"


def _index(shard: str) -> bytes:
    return json.dumps({"weight_map": {"a": shard}}).encode()


def _lying(**entry: object) -> bytes:
    whole = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **entry}
    text = json.dumps({"x": whole}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(64)


REFUSED: dict[str, dict[str, bytes]] = {
    "a Git LFS pointer": {"model.safetensors": POINTER},
    "a pointer to a pickle": {"pytorch_model.bin": POINTER},
    "no weights": {"README.md": b"# A model"},
    "a missing shard": {INDEX: _index("model-1.safetensors")},
    "a shard above the folder": {INDEX: _index("../model.safetensors")},
    "an absolute shard": {INDEX: _index("/etc/passwd")},
    "an index that is no JSON": {INDEX: b"{"},
    "a huge header": {"model.safetensors": b"\xff" * 7 + b"\x7f" + bytes(64)},
    "overlapping tensors": {
        "model.safetensors": safetensors({"a": np.ones(4, np.float32)}).replace(b'"shape": [4]', b'"shape": [9]')
    },
    "an astronomic shape": {"model.safetensors": _lying(shape=[2**40, 2**40])},
    "a type that does not exist": {"model.safetensors": _lying(dtype="\x1b[31mF32")},
    "an empty file": {"model.safetensors": b""},
    "text": {"model.safetensors": b"not a model\n" * 100},
    "a pickle of text": {"pytorch_model.bin": b"not a model\n" * 100},
    "a format that is not read": {"model.onnx": b"GGUF"},
}  # fmt: skip
LEFT_OUT = {
    "a config that is no JSON": b"{",
    "a config of another kind": b"[1, 2]",
    "a config too deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
}
"""Configurations that say nothing; the weights beside them are whole."""


def _one_line(captured: str) -> None:
    assert captured.count("\n") == 1
    assert "Traceback" not in captured
    assert "internal error" not in captured
    assert "\x1b" not in captured
    assert len(captured) < 500


@pytest.fixture
def good(tmp_path: Path) -> str:
    return str(write(tmp_path / "good", repository(WEIGHTS, llama_config())))


@pytest.mark.parametrize("case", REFUSED)
def test_damaged_models_are_refused_on_either_side(
    case: str, good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = str(write(tmp_path / "bad", REFUSED[case]))
    for arguments in (["compare", bad, good], ["compare", good, bad], ["inspect", bad]):
        assert run(arguments) == 2
        captured = capsys.readouterr()
        _one_line(captured.err)
        assert captured.out == ""


@pytest.mark.parametrize("case", LEFT_OUT)
def test_a_damaged_configuration_beside_whole_weights_is_a_caveat(
    case: str, good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = str(write(tmp_path / "bad", {"model.safetensors": WHOLE, "config.json": LEFT_OUT[case]}))
    for arguments in (["compare", bad, good], ["compare", good, bad], ["inspect", bad]):
        assert run(arguments) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        assert "configuration left out" in " ".join(captured.out.split())


@pytest.mark.parametrize("share", np.linspace(0, 0.999, 15).round(3).tolist())
def test_a_file_cut_short_anywhere(share: float, good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = write(tmp_path / "bad", {"config.json": CONFIG, "model.safetensors": WHOLE[: int(share * len(WHOLE))]})
    assert run(["compare", good, str(bad)]) == 2
    _one_line(capsys.readouterr().err)


def test_paths_that_are_no_models(good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    linked = write(tmp_path / "linked", {"config.json": CONFIG})
    (linked / "model.safetensors").symlink_to(tmp_path / "good" / "model.safetensors")
    piped = write(tmp_path / "piped", {"config.json": CONFIG})
    os.mkfifo(piped / "model.safetensors")
    odd = ["empty", "pipe", "loop", "linked", "piped", "missing", "missing\nline", "x" * 4000, "a\x1b[31mb"]
    for ref in [str(tmp_path / name) for name in odd] + ["not a model", "", "../" * 50 + "nowhere"]:
        assert run(["compare", ref, good]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "internal error" not in error
        assert "\x1b" not in error


def _with(name: str, change: Callable[[np.ndarray], None]) -> Weights:
    changed = {key: values.copy() for key, values in noisy(WEIGHTS, 2, 0.1).items()}
    change(changed[name])
    return changed


def _poke(*values: float) -> Callable[[np.ndarray], None]:
    def change(array: np.ndarray) -> None:
        array.reshape(-1)[: len(values)] = values

    return change


UP = "model.layers.0.mlp.up_proj.weight"
ODD: dict[str, tuple[Weights, str, str]] = {
    "NaN": (_with(UP, _poke(np.nan)), "derived", "1 weights are NaN"),
    "infinities": (_with("model.norm.weight", _poke(np.inf, -np.inf)), "derived", "2 weights are NaN"),
    "absurd sizes": (_with(UP, _poke(1e38, -1e38, 3e30)), "derived", "3 weights are NaN"),
    "all NaN": ({name: values * np.float32("nan") for name, values in WEIGHTS.items()}, "inconclusive", "are NaN"),
    "all zero": ({name: values * 0 for name, values in WEIGHTS.items()}, "inconclusive", ""),
    "all one": ({name: np.ones_like(values) for name, values in WEIGHTS.items()}, "independent|inconclusive", ""),
    "a row of no columns": (
        noisy(WEIGHTS, 2, 0.1) | {"model.layers.0.x.weight": np.zeros((4, 0), np.float32)}, "derived", ""
    ),
    "no rows": (noisy(WEIGHTS, 2, 0.1) | {"model.layers.0.mlp.up_proj.weight": np.zeros((0, 32), np.float32)},
                "derived", ""),
    "a single number": (noisy(WEIGHTS, 2, 0.1) | {"scale": np.array(1.5, np.float32)}, "derived", ""),
    "tiny numbers": ({name: values * np.float32(1e-30) for name, values in noisy(WEIGHTS, 2, 0.1).items()}, "", ""),
    "five axes": (noisy(WEIGHTS, 2, 0.1) | {"conv.weight": np.ones((2, 1, 3, 1, 2), np.float32)}, "derived", ""),
    "names of control characters": (
        noisy(WEIGHTS, 2, 0.1) | {"\x1b]0;title\x07": np.ones(3, np.float32)}, "derived", ""
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_odd_weights_give_a_verdict(case: str, good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights, relation, caveat = ODD[case]
    odd = str(write(tmp_path / "odd", repository(weights, llama_config())))
    for arguments in ([good, odd], [odd, good]):
        assert run(["compare", *arguments, "--format", "json"]) in (0, 3)
        captured = capsys.readouterr()
        verdict = json.loads(captured.out)["verdict"]
        assert captured.err == ""
        assert not relation or verdict["relation"] in relation.split("|")
        assert caveat in " ".join(verdict["caveats"])


def test_a_config_that_lies_about_the_shapes(good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stated in (
        {"num_attention_heads": 10**9}, {"num_key_value_heads": 3}, {"hidden_size": 7}, {"num_hidden_layers": 0},
        {"intermediate_size": -1}, {"num_attention_heads": "many"}, {"rope_theta": "NaN"}, {"vocab_size": 10**18},
        {"partial_rotary_factor": 1e9}, {"head_dim": 1}, {"num_attention_heads": None}, {"model_type": ["llama"]},
    ):  # fmt: skip
        files = repository(noisy(WEIGHTS, 2, 0.1), llama_config(**stated))
        lying = str(write(tmp_path / "lying", files))
        assert run(["compare", good, lying, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["verdict"]["relation"] == "derived"


def test_a_shard_swapped_for_another_is_noticed(good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = sharded(WEIGHTS, 2)
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    swapped = files | {"config.json": CONFIG, first: files[second], second: files[first]}
    assert run(["compare", good, str(write(tmp_path / "swapped", swapped)), "-q"]) in (0, 2)
    doubled = files | {"config.json": CONFIG, first: files[second]}
    assert run(["compare", good, str(write(tmp_path / "doubled", doubled))]) == 2
    _one_line(capsys.readouterr().err)
