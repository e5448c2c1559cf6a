"""The table of attacks: what is changed, how it is published, and what the model's publisher must add to run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks.evasion import beginnings, costly, exact, publishing
from benchmarks.evasion.publishing import Publish
from benchmarks.zoo.disguises.registry import DISGUISES
from benchmarks.zoo.families import Weights
from lineage_audit.results import OperationKind

if TYPE_CHECKING:
    import torch

    from benchmarks.zoo.families import Anatomy

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]

Needs = Literal["nothing", "own code", "own tokenizer"]
"""What a user needs beyond the usual loader: nothing, the repository's modeling code, or a tokenizer from elsewhere."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One thing that an adversary does to a model that derives from the base.

    Attributes:
        name: in the table.
        steps: changes of the weights.
        publish: changes of the repository.
        needs: what a user needs to run the result.
        base: which base of the zoo it starts from.
        against: which base it is held against; the one it starts from where this is empty.
        claimed: share of the model that truly comes from that base; 0 where it has nothing to do with it.
        planted: beginning of the names of the tensors that are that share, where it depends on their sizes.
        kept: which of the tensors that it ends with are the base's, where their sizes tell the share.
        operation: what the verdict must call it; None where nothing has to be named.
        one_start: the two share a start, or a table that was never trained, and nothing else.
        both: changes of the other model too, and how that is laid down.
    """

    name: str
    steps: tuple[Step, ...] = ()
    publish: tuple[Publish, ...] = ()
    needs: Needs = "nothing"
    base: str = "llama-1"
    against: str = ""
    claimed: float = 1.0
    planted: str = ""
    kept: Callable[[str], bool] | None = None
    operation: OperationKind | None = None
    one_start: bool = False
    both: tuple[Step, ...] = ()
    both_publish: tuple[Publish, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """What attacks are made of besides the model itself.

    Attributes:
        folder: where the zoo's half is.
        gains: norm gains of the second, unrelated base, under the zoo's names.
        others: folders of unrelated models by name.
        weights: models in memory by name, under the zoo's names.
    """

    folder: Path
    gains: Weights
    others: Mapping[str, Path] = field(default_factory=dict)
    weights: Mapping[str, Weights] = field(default_factory=dict)


def _zoo(name: str) -> tuple[Step, ...]:
    return DISGUISES[name].steps


def attacks(stage: Stage) -> tuple[Attack, ...]:
    """Every attack that hides a relation."""
    second = stage.others["llama-2"]
    everything = (*_zoo("hidden-rotated"), exact.mix_values, exact.turn_rotary_pairs)
    hide_tokens = (publishing.withhold_tokenizer,)
    return (
        Attack("none"),
        Attack("all signs drawn anew", _zoo("signs")),
        Attack("units, heads and channels reordered, signs", _zoo("hidden-permuted")),
        Attack("the same, residual stream rotated", _zoo("hidden-rotated")),
        Attack("value dimensions mixed inside heads", (exact.mix_values,)),
        Attack("rotary pairs turned and stretched", (exact.turn_rotary_pairs,)),
        Attack("norm gains of another model planted", (exact.replace_gains(stage.gains),)),
        Attack("gains planted, all signs anew", (*_zoo("signs"), exact.replace_gains(stage.gains))),
        Attack("dead units added", (exact.add_dead_units,)),
        Attack("dead layers added", (exact.add_dead_layers,)),
        Attack("dead channels added", (exact.add_dead_channels,)),
        Attack("dead units, layers and channels added, signs", (*_zoo("signs"), exact.add_dead_units,
               exact.add_dead_layers, exact.add_dead_channels)),
        Attack("all exact changes of the same shape", everything),
        Attack("all exact changes, dead units and layers", (*everything, exact.add_dead_units, exact.add_dead_layers)),
        Attack("tokens renumbered, tokenizer withheld", (exact.permute_tokens,), hide_tokens, "own tokenizer"),
        Attack("tokens respelled, channels reordered", _zoo("channels"), (publishing.respell_tokens,), "own code"),
        Attack("reordered, signs, tokens renumbered, no tokenizer", (*_zoo("hidden-permuted"), exact.permute_tokens),
               hide_tokens, "own tokenizer"),
        Attack("rotated, signs, tokens renumbered, no tokenizer", (*_zoo("hidden-rotated"), exact.permute_tokens),
               hide_tokens, "own tokenizer"),
        Attack("experts reordered", _zoo("experts"), base="mixtral-1"),
        Attack("experts split in halves", (exact.split_experts,), base="mixtral-1"),
        Attack("experts split in halves, signs", (exact.split_experts, *_zoo("unit-signs")), base="mixtral-1"),
        Attack("GPT-2: units, heads, channels reordered, signs", _zoo("hidden-plain"), base="gpt2-1"),
        Attack("noise of 10%", (costly.add_noise(0.1),)),
        Attack("noise of 30%", (costly.add_noise(0.3),)),
        Attack("noise of 100%", (costly.add_noise(1.0),)),
        Attack("reordered, signs, noise of 10%", (*_zoo("hidden-permuted"), costly.add_noise(0.1))),
        Attack("reordered, signs, noise of 30%", (*_zoo("hidden-permuted"), costly.add_noise(0.3))),
        Attack("rotated, signs, noise of 10%", (*_zoo("hidden-rotated"), costly.add_noise(0.1))),
        Attack("rotated, signs, noise of 30%", (*_zoo("hidden-rotated"), costly.add_noise(0.3))),
        Attack("each layer turned by .03", (costly.turn_layers(0.03),)),
        Attack("each layer turned by .1", (costly.turn_layers(0.1),)),
        Attack("each layer turned by .3", (costly.turn_layers(0.3),)),
        Attack("each layer turned by .1, signs", (*_zoo("signs"), costly.turn_layers(0.1))),
        Attack("middle layers swapped", (costly.swap_layers,)),
        Attack("half of the weights set to zero", (costly.prune_to(0.5),)),
        Attack("nine tenths of the weights set to zero", (costly.prune_to(0.1),)),
        Attack("names of gate/up, q/k, v/o exchanged", (), (publishing.rename(publishing.swap_roles),), "own code"),
        Attack("layer names moved, role by role", (), (publishing.rename(publishing.rotate_layer_names),), "own code"),
        Attack("meaningless names", (), (publishing.rename(publishing.meaningless_names),), "own code"),
        Attack("meaningless names, reordered, signs", _zoo("hidden-permuted"),
               (publishing.rename(publishing.meaningless_names),), "own code"),
        Attack("behind a decoy under the usual names", (), (publishing.behind(second),), "own code", claimed=0.5),
        Attack("behind a decoy, reordered, signs", _zoo("hidden-permuted"), (publishing.behind(second),), "own code",
               claimed=0.5),
        Attack("in a second file behind a decoy", (), (publishing.in_file_behind(second),), "own code"),
        Attack("stored as complex numbers", (), (publishing.as_complex,), "own code"),
        Attack("stored as bytes", (), (publishing.as_bytes,), "own code"),
        Attack("stored flattened", (), (publishing.flattened,), "own code"),
        Attack("stored transposed", (), (publishing.transposed,), "own code"),
        Attack("stored halved", (), (publishing.scaled_by_half,), "own code"),
    )  # fmt: skip


def strangers() -> tuple[Attack, ...]:
    """What two models with nothing to do with each other may have in common: nobody may be accused for it."""

    def common(name: str, step: Step) -> Attack:
        return Attack(name, (step,), base="llama-2", against="llama-1", claimed=0.0, both=(step,))

    tables = [beginnings.with_sinusoid(dtype) for dtype in ("float32", "float64")]
    return (
        common("one constant in the padding rows of both", beginnings.set_padding_rows),
        common("one layer exported as all, in both", beginnings.export_one_layer_as_all),
        common("one KV head expanded to all, in both", beginnings.expand_key_heads),
        common("ones on the diagonals of both", beginnings.add_identities),
        common("one mask over half of both", beginnings.mask_half),
        common("FFNs of eight blocks, in both", beginnings.make_ffns_of_blocks),
        common("a mean in every matrix of both", beginnings.add_means),
        common("sinusoids in sixteen rows of every matrix of both", beginnings.set_tables_inside),
        common("padded heads in both", beginnings.pad_heads),
        replace(common("one frozen random embedding in both", beginnings.freeze_random_embeddings), one_start=True),
        Attack("a sinusoid in both, from f32 and from f64", (), (tables[0],), base="llama-2", against="llama-1",
               claimed=0.0, both_publish=(tables[1],)),
        Attack("one initialisation, another corpus", base="llama-1-elsewhere", against="llama-1", claimed=0.0,
               one_start=True),
    )  # fmt: skip


def plants(stage: Stage) -> tuple[Attack, ...]:
    """Every attack that would have an unrelated model accused: made of one base, held against the other."""
    first, second = stage.others["llama-1"], stage.others["llama-2"]

    def of_layer(name: str) -> bool:
        return ".layers.1.mlp." in name

    def planting(name: str, chosen: Callable[[str], bool], prefix: str) -> Attack:
        publish = publishing.with_tensors_of(first, chosen, prefix)
        return Attack(name, (), (publish,), base="llama-2", against="llama-1", planted=prefix)

    gains = exact.replace_gains(stage.gains)
    return (
        Attack("the base's norm gains planted, exactly", (gains,), base="llama-2", against="llama-1", claimed=0.0),
        Attack("the base's norms as dead weight", (), (publishing.with_tensors_of(
               first, lambda name: "norm" in name, "unused."),), base="llama-2", against="llama-1", claimed=0.0),
        planting("one FFN of the base as dead weight", of_layer, "unused."),
        planting("one FFN of the base as a layer past the last", of_layer, "model.layers.9."),
        planting("the whole base as dead weight", lambda _name: True, "unused."),
        Attack("a decoy under the usual names, against its owner", (), (publishing.behind(second),), "own code",
               against="llama-2", claimed=0.5),
    )  # fmt: skip
