"""How the changed model is laid down: names that mislead, tensors that belong to nobody, types that few read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.training.publishing import WEIGHTS_FILE, read_weights, write_weights

Publish = Callable[[Path], None]
"""Changes a model's folder in place."""


def withhold_tokenizer(folder: Path) -> None:
    """Leave the tokenizer out of the repository: it is needed to use the model, and may be had elsewhere."""
    for path in folder.glob("tokenizer*"):
        path.unlink()


def respell_tokens(folder: Path) -> None:
    """Write every token's text backwards and its id in front: a loader of one's own undoes it."""
    path = folder / "tokenizer.json"
    document = json.loads(path.read_text())
    vocabulary = document["model"]["vocab"]
    document["model"]["vocab"] = {f"{number}:{text[::-1]}": number for text, number in vocabulary.items()}
    document["model"]["merges"] = []
    document["added_tokens"] = []
    path.write_text(json.dumps(document))


def rename(change: Callable[[str], str]) -> Publish:
    """Store each tensor under another name; the modeling code that the repository carries knows which is which."""

    def publish(folder: Path) -> None:
        write_weights(folder, {change(name): tensor for name, tensor in read_weights(folder).items()})

    return publish


def swap_roles(name: str) -> str:
    """Exchange the names of gate and up, of q and k, of v and o."""
    for one, other in (("gate_proj", "up_proj"), ("q_proj", "k_proj"), ("v_proj", "o_proj")):
        if one in name or other in name:
            return name.replace(one, "?").replace(other, one).replace("?", other)
    return name


def rotate_layer_names(name: str) -> str:
    """Call layer 0 layer 3, layer 1 layer 0, and so on, each role by a step of its own."""
    parts = name.split(".")
    if "layers" not in parts:
        return name
    place = parts.index("layers") + 1
    parts[place] = str((int(parts[place]) + len(name)) % 4)
    return ".".join(parts)


def meaningless_names(name: str) -> str:
    """A name that says nothing, not even the layer."""
    import hashlib

    return "t" + hashlib.sha256(name.encode()).hexdigest()[:10].translate(str.maketrans("0123456789", "ghijklmnop"))


def behind(decoy: Path) -> Publish:
    """Put another model's tensors under the usual names, and one's own under names of a modeling code of one's own."""

    def publish(folder: Path) -> None:
        own = {meaningless_names(name): tensor for name, tensor in read_weights(folder).items()}
        write_weights(folder, {**read_weights(decoy), **own})

    return publish


def in_file_behind(decoy: Path) -> Publish:
    """Put another model into ``model.safetensors``, and one's own into a pickle that one's own code loads."""

    def publish(folder: Path) -> None:
        import torch

        torch.save(read_weights(folder), folder / "pytorch_model.bin")
        (folder / WEIGHTS_FILE).write_bytes((decoy / WEIGHTS_FILE).read_bytes())

    return publish


def with_tensors_of(third: Path, chosen: Callable[[str], bool], prefix: str) -> Publish:
    """Add tensors of a third model that nothing ever reads."""

    def publish(folder: Path) -> None:
        planted = {prefix + name: tensor for name, tensor in read_weights(third).items() if chosen(name)}
        write_weights(folder, {**read_weights(folder), **planted})

    return publish


def as_complex(folder: Path) -> None:
    """Store every matrix as complex numbers whose imaginary part is zero."""
    import torch

    write_weights(
        folder, {name: torch.complex(t.float(), torch.zeros(t.shape)) for name, t in read_weights(folder).items()}
    )


def as_bytes(folder: Path) -> None:
    """Store every tensor as the bytes of its numbers, in one more dimension."""
    import torch

    write_weights(folder, {name: t.float().contiguous().view(torch.uint8) for name, t in read_weights(folder).items()})


def flattened(folder: Path) -> None:
    """Store every matrix as one long row."""
    write_weights(folder, {name: tensor.flatten() for name, tensor in read_weights(folder).items()})


def transposed(folder: Path) -> None:
    """Store every matrix turned over."""
    write_weights(folder, {name: t.T.contiguous() if t.ndim == 2 else t for name, t in read_weights(folder).items()})


def scaled_by_half(folder: Path) -> None:
    """Store every tensor halved, to be doubled when loaded."""
    write_weights(folder, {name: tensor / 2 for name, tensor in read_weights(folder).items()})
