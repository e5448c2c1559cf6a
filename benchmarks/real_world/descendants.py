"""Descendants of a real language model, made on the spot: every disguise and surgery, training, merges, other types."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.real_world.floats import requantised
from benchmarks.real_world.tuning import fine_tune, lora
from benchmarks.scale.vocabularies import byte_level
from benchmarks.training.publishing import TOKENIZER_FILES, write_json
from benchmarks.zoo.disguises.registry import DISGUISES, disguise, in_dialect
from benchmarks.zoo.families import Weights
from benchmarks.zoo.families.axes import role_of
from benchmarks.zoo.model import Model, read_model, write_model
from benchmarks.zoo.surgery.layers import middle_doubled, up_scaled, with_layers, without_last_two, without_middle
from benchmarks.zoo.surgery.merging import METHODS, merged
from benchmarks.zoo.surgery.perturbation import ablated, with_noise
from benchmarks.zoo.surgery.rounding import quantized
from benchmarks.zoo.surgery.vocabulary import extended, replaced
from benchmarks.zoo.surgery.width import Kept, pruned
from lineage_audit.results import OperationKind, Relation

if TYPE_CHECKING:
    import torch

    Change = Callable[[Model, torch.Generator], Model]

_SEED = 11


@dataclass(frozen=True, slots=True)
class Ground:
    """What descendants are made of.

    Attributes:
        gguf: the published file.
        base: the same weights as floats, as transformers writes them.
        other: another language model as floats.
        made: folder of what takes long to make and is used again.
    """

    gguf: Path
    base: Path
    other: Path
    made: Path


@dataclass(frozen=True, slots=True)
class Descendant:
    """A way to make a model of a model.

    Attributes:
        make: the ground and an empty folder -> what to compare with the published file.
        operations: what was done, as far as the weights can show it.
        right: the relations that are right.
    """

    make: Callable[[Ground, Path], str]
    operations: tuple[OperationKind, ...] = ()
    right: frozenset[Relation] = frozenset({"derived"})


def _changed(change: Change, *operations: OperationKind, form_alone: bool = False) -> Descendant:
    """A descendant whose weights are a function of the base's."""

    def make(ground: Ground, folder: Path) -> str:
        model = change(read_model(ground.base, ""), _generator())
        write_model(folder, model)
        _copy_tokenizer(ground.base, folder)
        return str(folder)

    accepted: frozenset[Relation] = frozenset({"derived", "identical"} if form_alone else {"derived"})
    return Descendant(make, operations, accepted)


def _generator() -> torch.Generator:
    import torch

    return torch.Generator().manual_seed(_SEED)


def _copy_tokenizer(source: Path, folder: Path) -> None:
    for name in TOKENIZER_FILES:
        if (source / name).exists():
            shutil.copy(source / name, folder / name)


def _disguised(name: str) -> Change:
    return lambda model, _generator: in_dialect(disguise(model, name, _SEED), name)


def _weights(change: Callable[[Weights, torch.Generator], Weights]) -> Change:
    return lambda model, generator: model.with_weights(change(model.weights, generator))


def _attention_copied(model: Model, generator: torch.Generator) -> Model:
    """Embeddings and attention as they are, every FFN drawn anew; then all under other labels."""
    import torch

    weights = {
        name: tensor.std() * torch.randn(tensor.shape, generator=generator)
        if role_of(name) in ("gate", "up", "down")
        else tensor
        for name, tensor in model.weights.items()
    }
    return disguise(model.with_weights(weights), "hidden-plain", _SEED)


def _cut(model: Model, _generator: torch.Generator) -> Model:
    return model.with_weights(pruned(model.weights, model.anatomy, Kept(channels=0.75, units=0.75)))


def _as_published(ground: Ground, _folder: Path) -> str:
    return str(ground.base)


def _in_type(name: str) -> Callable[[Ground, Path], str]:
    def make(ground: Ground, folder: Path) -> str:
        requantised(ground.gguf, folder / f"{name}.gguf", name)
        return str(folder / f"{name}.gguf")

    return make


def _fine_tuned(ground: Ground, _folder: Path | None = None) -> str:
    target = ground.made / "fine-tuned"
    if not target.exists():
        fine_tune(ground.base, target)
        _copy_tokenizer(ground.base, target)
    return str(target)


def _lora(ground: Ground, _folder: Path | None = None) -> tuple[Path, Path]:
    adapter, whole = ground.made / "lora", ground.made / "lora-merged"
    if not whole.exists():
        lora(ground.base, adapter, whole)
        _copy_tokenizer(ground.base, whole)
    return adapter, whole


def _merged(method: str) -> Callable[[Ground, Path], str]:
    def make(ground: Ground, folder: Path) -> str:
        base, first, second = (
            read_model(Path(place), "") for place in (ground.base, _fine_tuned(ground), _lora(ground)[1])
        )
        weights = merged(base.weights, (first.weights, second.weights), (0.5, 0.5), METHODS[method], _generator())
        write_model(folder, base.with_weights(weights))
        _copy_tokenizer(ground.base, folder)
        return str(folder)

    return make


def _vocabulary_replaced(ground: Ground, folder: Path) -> str:
    """The other model's tokenizer; tokens of the same bytes keep their rows."""
    base = read_model(ground.base, "")
    rows = len(base.weights["embed.weight"])
    old, new = (_ids(place) for place in (ground.base, ground.other))
    old = {token: number for token, number in old.items() if number < rows}
    numbered = {token: number for number, token in enumerate(new)}
    write_model(folder, base.with_weights(replaced(base.weights, old, numbered, _generator())))
    _write_tokenizer(folder, numbered)
    return str(folder)


def _ids(folder: Path) -> dict[str, int]:
    """Token, as Latin-1 stands for its bytes -> id."""
    from lineage_audit.checkpoint import open_checkpoint

    vocabulary = open_checkpoint(str(folder)).vocabulary
    assert vocabulary is not None, "language models have one"
    return {token.decode("latin-1"): number for token, number in vocabulary.ids.items()}


def _write_tokenizer(folder: Path, ids: Mapping[str, int]) -> None:
    """A tokenizer.json that knows these tokens by these ids."""
    vocabulary = {byte_level(token.encode("latin-1")): number for token, number in ids.items()}
    step = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "vocab": vocabulary, "merges": []}
    write_json(folder / "tokenizer.json", {"pre_tokenizer": step, "decoder": step, "model": model})


DESCENDANTS: dict[str, Descendant] = {
    "as-floats": Descendant(_as_published, (), frozenset({"identical", "derived"})),
    **{
        name: _changed(_disguised(name), *entry.operations, form_alone=True)
        for name, entry in DISGUISES.items()
        if name != "experts"
    },
    "up-scaled": _changed(
        lambda model, _: model.with_weights(with_layers(model.weights, up_scaled)), "layers-duplicated"
    ),
    "middle-doubled": _changed(
        lambda model, _: model.with_weights(with_layers(model.weights, middle_doubled)), "layers-duplicated"
    ),
    "without-middle": _changed(
        lambda model, _: model.with_weights(with_layers(model.weights, without_middle)), "layers-removed"
    ),
    "without-last-two": _changed(
        lambda model, _: model.with_weights(with_layers(model.weights, without_last_two)), "layers-removed"
    ),
    "width-cut": _changed(_cut, "width-pruned"),
    "noise-05": _changed(_weights(lambda weights, generator: with_noise(weights, 0.05, generator)), "noise-added"),
    "noise-30": _changed(_weights(lambda weights, generator: with_noise(weights, 0.3, generator)), "noise-added"),
    "ablated": _changed(_weights(ablated), "direction-ablated"),
    "int8": _changed(_weights(lambda weights, _: quantized(weights, 8, None)), "quantized"),
    "int4": _changed(_weights(lambda weights, _: quantized(weights, 4, 16)), "quantized"),
    "tokens-appended": _changed(
        _weights(lambda weights, generator: extended(weights, 64, generator)), "vocabulary-extended"
    ),
    "vocabulary-replaced": Descendant(_vocabulary_replaced, ("vocabulary-replaced",)),
    "attention-copied": _changed(_attention_copied, "heads-permuted", "channels-permuted"),
    "q8_0": Descendant(_in_type("Q8_0"), ("quantized",), frozenset({"derived", "identical"})),
    "q4_0": Descendant(_in_type("Q4_0"), ("quantized",)),
    "fine-tuned": Descendant(_fine_tuned, ("fine-tuned",)),
    "lora-adapter": Descendant(lambda ground, _: f"{ground.base}+{_lora(ground)[0]}", ("lora-merged",)),
    "lora-merged": Descendant(lambda ground, _: str(_lora(ground)[1]), ("lora-merged",)),
    "merge-linear": Descendant(_merged("linear")),
    "merge-ties": Descendant(_merged("ties")),
}
"""Every descendant by its name."""

INAPPLICABLE: dict[str, frozenset[str]] = {
    "gemma-3-270m": frozenset({"rotated", "hidden-rotated"}),
    "qwen2.5-0.5b-kin": frozenset(),
}
"""What an architecture does not allow: Gemma 3 has norms between its blocks and the stream."""


def descendants_of(model: str) -> Iterator[tuple[str, Descendant]]:
    """The descendants that can be made of a language model."""
    yield from ((name, entry) for name, entry in DESCENDANTS.items() if name not in INAPPLICABLE[model])
