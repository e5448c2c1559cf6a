"""The table of changes that are to be named: of depth, width and values, none of them a training."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.evasion import costly, depths, edits, parts, widths
from benchmarks.evasion.attacks import Attack, Stage
from benchmarks.zoo.disguises.registry import DISGUISES
from benchmarks.zoo.families.axes import role_of


def changes(stage: Stage) -> tuple[Attack, ...]:
    """Every change that the verdict must name, what is kept of the model, and how much of it is the base's."""
    stranger, tuned, lightly = (stage.weights[name] for name in ("llama-2", "llama-1_heavy", "llama-1_light"))
    return (
        Attack("fine-tuned", (edits.replace_by(tuned),), operation="fine-tuned"),
        Attack("layers reversed", (depths.reverse_layers,), operation="layers-reordered"),
        Attack("middle layers exchanged", (costly.swap_layers,), operation="layers-reordered"),
        Attack("two layers averaged into one", (depths.merge_layers,), operation="layers-merged"),
        Attack("a new layer put in", (depths.insert_layers,), operation="layers-inserted", claimed=0.83),
        Attack("a silent copy of a layer put in", (depths.expand_blocks,), operation="layers-duplicated"),
        Attack("HyperCloning to twice the width", (widths.hyperclone,), operation="width-grown"),
        Attack("Net2Net to twice the width", (widths.widen_at_random,), operation="width-grown"),
        Attack("FFN units doubled", (widths.double_units,), operation="width-grown"),
        Attack("FFNs cut to half", (widths.truncate_ffns,), operation="width-pruned"),
        Attack("key and value heads averaged", (widths.average_heads,), operation="heads-merged"),
        Attack("a rank-one edit of one matrix", (edits.edit_one_matrix(1),), operation="edited"),
        Attack("one matrix changed", (edits.edit_one_matrix(64),), operation="edited"),
        Attack("fine-tuned, then one matrix edited", (edits.replace_by(lightly), edits.edit_one_matrix(1)),
               operation="edited"),
        Attack("ranks of FFNs cut to half", (edits.cut_ranks(0.5),), operation="low-rank-truncated"),
        Attack("half of the weights set to zero", (costly.prune_to(0.5),), operation="pruned-unstructured"),
        Attack("two of every four set to zero", (edits.keep_of_every(2, 4),), operation="pruned-n:m"),
        Attack("rounded to two bits in groups", (edits.round_to_bits(2, 16),), operation="quantized"),
        Attack("a fifth of a stranger blended in", (edits.blend_with(stranger, 0.2),), operation="interpolated"),
        Attack("half of a stranger blended in", (edits.blend_with(stranger, 0.5),), operation="interpolated"),
        Attack("a fine-tune's largest and smallest deltas dropped", (edits.leave_breadcrumbs(tuned, 0.3, 0.1),),
               operation="fine-tuned"),
        Attack("gains moved into matrices", (edits.move_gains,), operation="gains-moved"),
        Attack("gains moved, fine-tuned before", (edits.replace_by(tuned), edits.move_gains), operation="gains-moved"),
        Attack("the stream scaled by three", (edits.scale_stream(3.0),), operation="stream-scaled"),
        Attack("the stream negated", (edits.scale_stream(-1.0),), operation="stream-scaled"),
        Attack("GPT-2: one number more in all channels", (edits.shift_stream,), base="gpt2-1",
               operation="stream-shifted"),
        Attack("one direction added to the stream", (edits.shift_stream,), operation="stream-shifted"),
        Attack("values clipped at one deviation", (edits.clip,), operation="changed"),
        Attack("noise of 30%, named", (costly.add_noise(0.3),), operation="noise-added"),
        *_parts(),
    )  # fmt: skip


def _parts() -> tuple[Attack, ...]:
    """Parts that were taken while the rest is new; what is named is no operation but the share."""
    attention, ffn = ("q", "k", "v", "o"), ("gate", "up", "down")
    reordered = DISGUISES["hidden-permuted"].steps

    def of_roles(*roles: str) -> Callable[[str], bool]:
        return lambda name: role_of(name) in roles

    def in_layer(name: str) -> bool:
        return name.startswith("layers.1.")

    all_but_ffns = of_roles(*attention, "embed", "head")
    return (
        Attack("FFNs new, all else kept", (parts.replace(ffn),), kept=all_but_ffns),
        Attack("FFNs new, all else kept, reordered, signs", (parts.replace(ffn), *reordered), kept=all_but_ffns),
        Attack("attention alone", (parts.keep_only(attention),), kept=of_roles(*attention)),
        Attack("FFNs alone", (parts.keep_only(ffn),), kept=of_roles(*ffn)),
        Attack("FFNs alone, reordered, signs", (parts.keep_only(ffn), *reordered), kept=of_roles(*ffn)),
        Attack("embeddings and head alone", (parts.keep_only(("embed", "head")),), kept=of_roles("embed", "head")),
        Attack("one layer alone", (parts.keep_layer(1),), kept=in_layer),
    )
