"""The same merges by mergekit's own program, and recipes run again; nothing of it is imported or copied."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.unmix.cases import Case

_METHODS = {
    "linear": "linear",
    "slerp": "slerp",
    "task-arithmetic": "task_arithmetic",
    "ties": "ties",
    "dare-linear": "dare_linear",
    "dare-ties": "dare_ties",
}


def make_with_mergekit(program: Path, case: Case, folder: Path) -> None:
    """Write the configuration of a case and run it."""
    lines = ["models:"]
    for parent, weight in zip(case.parents, case.weights, strict=True):
        lines += [f"  - model: {parent}"]
        if case.method != "slerp":
            lines += ["    parameters:", f"      weight: {weight}"]
        if case.method in ("ties", "dare-linear", "dare-ties"):
            lines += [f"      density: {case.density}"]
    lines += [f"merge_method: {_METHODS[case.method]}"]
    if case.method == "slerp":
        lines += [f"base_model: {case.parents[0]}", "parameters:", f"  t: {case.weights[1]}"]
    elif case.method != "linear":
        lines += [f"base_model: {case.base}"]
    merge_by_recipe(program, "\n".join(lines) + f"\ndtype: {_dtype(case.base)}\n", folder)


def merge_by_recipe(program: Path, recipe: str, folder: Path) -> Path:
    """Run a configuration.

    Raises:
        RuntimeError: mergekit failed.
    """
    path = folder.with_suffix(".yaml")
    path.write_text(recipe)
    done = subprocess.run([program, path, folder, "--random-seed", "1"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"mergekit: {done.stderr[-800:]}")
    return folder


def difference(one: Path, other: Path) -> float:
    """Size of the difference between two models over the size of the first."""
    from safetensors.torch import load_file

    first, second = load_file(one / "model.safetensors"), load_file(other / "model.safetensors")
    gap = sum(float((first[name].double() - second[name].double()).pow(2).sum()) for name in first)
    return float((gap / sum(float(value.double().pow(2).sum()) for value in first.values())) ** 0.5)


def _dtype(base: Path) -> str:
    from safetensors import safe_open

    with safe_open(base / "model.safetensors", "pt") as stored:
        dtype = str(next(iter(stored.get_slice(name).get_dtype() for name in stored.keys())))  # noqa: SIM118
    return {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}[dtype]
