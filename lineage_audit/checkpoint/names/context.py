"""What a name means depends on which other names a checkpoint has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.model_parts import TOWERS, ModelPart
from lineage_audit.checkpoint.names.experts import Stacking
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.geometry import Geometry
from lineage_audit.checkpoint.names.patterns import NumberedName
from lineage_audit.checkpoint.names.table import Entry
from lineage_audit.checkpoint.names.tables.affixes import TURNED
from lineage_audit.checkpoint.names.tables.family import Meaning
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import StoredTensor


class NamedTensor(Struct, frozen=True):
    """A stored tensor, its name taken apart, and what the tables say of it."""

    stored: StoredTensor
    name: NumberedName
    entry: Entry | None
    part: ModelPart = ModelPart.LANGUAGE_MODEL


class _SecondMeaning(Struct, frozen=True):
    """A second meaning of a stem, where another stem is present or absent."""

    stem: str
    meaning: Meaning
    present: str | None = None
    absent: tuple[str, ...] = ()

    def holds(self, stems: frozenset[str]) -> bool:
        """Tell whether the checkpoint's stems call for this reading."""
        return (self.present is None or self.present in stems) and stems.isdisjoint(self.absent)


_BEFORE_HALVES = ("decoder.final_layer_norm", "decoder.layer_norm", "encoder.layer_norm")
_POST_ATTENTION = "layers.{L}.post_attention_layernorm"
_READINGS = (
    # Gemma 2 and 3 norm before and after each half; Llama's name then means the norm after attention.
    _SecondMeaning(_POST_ATTENTION, Role.POST_ATTN_NORM, present="layers.{L}.pre_feedforward_layernorm"),
    # OLMo 2 norms only after each half.
    _SecondMeaning(_POST_ATTENTION, Role.POST_ATTN_NORM, absent=("layers.{L}.input_layernorm",)),
    # OPT 350M and BART norm after each half, and then have no final norm.
    _SecondMeaning("decoder.layers.{L}.self_attn_layer_norm", Role.POST_ATTN_NORM, absent=_BEFORE_HALVES),
    _SecondMeaning("decoder.layers.{L}.final_layer_norm", Role.POST_FFN_NORM, absent=_BEFORE_HALVES),
    _SecondMeaning("decoder.layers.{L}.encoder_attn_layer_norm", Role.POST_CROSS_NORM, absent=_BEFORE_HALVES),
    _SecondMeaning("encoder.layers.{L}.self_attn_layer_norm", Role.POST_ATTN_NORM, absent=_BEFORE_HALVES),
    _SecondMeaning("encoder.layers.{L}.final_layer_norm", Role.POST_FFN_NORM, absent=_BEFORE_HALVES),
    # Moonshine and Canary attend to the encoder between the two halves that Llama's names speak of.
    _SecondMeaning(
        "decoder.layers.{L}.post_attention_layernorm", Role.CROSS_NORM, present="decoder.layers.{L}.final_layernorm"
    ),
    # Lumina norms before and after each half, and has no cross attention.
    _SecondMeaning("denoiser:{L}.norm2", Role.POST_ATTN_NORM, present="denoiser:{L}.ffn_norm1"),
    # Phi 2's first release calls attention a mixer, as Mamba calls what it has in its place.
    _SecondMeaning("layers.{L}.mixer.out_proj", Role.O, present="layers.{L}.mixer.Wqkv"),
    # DeepSeek V4 norms the compressed queries under the name of a norm of queries.
    _SecondMeaning("layers.{L}.attn.q_norm", Role.Q_A_NORM, present="layers.{L}.attn.wq_a"),
    # Falcon 40B in GGUF: the second norm of the two is the attention's.
    _SecondMeaning("blk.{L}.attn_norm", Role.FFN_NORM, present="blk.{L}.attn_norm_2"),
    # The name of UltraBERT's head is that of a classifier in GGUF.
    _SecondMeaning("cls", Role.CLASSIFIER, present="token_embd"),
    # RWKV in GGUF: the second of two norms of one name is the FFN's.
    _SecondMeaning("blk.{L}.attn_norm_2", Role.FFN_NORM, present="blk.{L}.channel_mix_key"),
    # Qwen3-Next in older GGUF files keeps all that linear attention reads in one matrix, under Mamba's name.
    _SecondMeaning("blk.{L}.ssm_in", Fusion.MIXER_QKVZ_GROUPS, present="blk.{L}.ssm_ba"),
    # From RWKV 5 on receptance is what the keys are held against, and the gate is another matrix.
    _SecondMeaning("blocks.{L}.attention.receptance", Role.MIXER_Q, present="blocks.{L}.attention.ln_x"),
    _SecondMeaning("layers.{L}.attention.receptance", Role.MIXER_Q, present="layers.{L}.attention.ln_x"),
    # gpt-oss and GLM-4.5 in GGUF keep Llama's name for the norm before the FFN.
    _SecondMeaning("blk.{L}.post_attention_norm", Role.FFN_NORM, absent=("blk.{L}.ffn_norm", "blk.{L}.post_ffw_norm")),
)

_CONV1D_WITNESS = "h.{L}.attn.c_attn"
_CONV1D = frozenset({_CONV1D_WITNESS, "h.{L}.attn.c_proj", "h.{L}.mlp.c_fc", "h.{L}.mlp.c_proj"})
"""GPT-2's Conv1D stores [in, out]; GPTBigCode and Qwen 1 use the same names for [out, in]."""


_GATED_ROWS = 8
"""Rows for a channel of a denoiser's up projection where it is fused with its gate: four FFN units, each twice."""


class Context(Struct, frozen=True):
    """What the checkpoint as a whole says about the meaning of its names.

    Attributes:
        geometry: sizes from the configuration, the width also from the embedding.
        stacking: how experts are stacked.
        conv1d: the stems of ``_CONV1D`` are stored ``[in, out]``.
        token_layers: layers for multi-token prediction, which stand after the model's own.
        parts: sizes of the parts beside the core, where the configuration states them.
        slices: how many files hold a slice each of every matrix.
        gated: modules of a denoiser whose up projection is fused with its gate.
    """

    geometry: Geometry
    stacking: Stacking
    conv1d: bool
    token_layers: frozenset[int]
    parts: Mapping[ModelPart, Geometry] = field(default_factory=dict)
    slices: int = 1
    gated: frozenset[str] = frozenset()

    def sizes_of(self, tensor: NamedTensor, shape: tuple[int, ...]) -> Geometry:
        """The sizes of a tensor's part, for a fused matrix or vector of this shape, or for a slice of it.

        A tower's heads have keys of their own; its configuration may state the width of what it feeds.
        """
        stated = self.parts.get(tensor.part)
        if tensor.part is ModelPart.DENOISER:
            return Geometry(ffn=shape[0] // 2 if _module(tensor) in self.gated else shape[0])
        if tensor.part not in TOWERS:
            return (stated or self.geometry).sliced(self.slices)
        return Geometry(hidden=shape[1] if len(shape) > 1 else shape[0] // 3, ffn=stated.ffn if stated else None)

    def transposed(self, tensor: NamedTensor) -> bool:
        """Tell whether a matrix is stored ``[in, out]``: Flax's are, but for GPT-2's, of which shapes tell."""
        entry = tensor.entry
        if entry is None or entry.slot != "weight":
            return False
        return self.conv1d if entry.stem in _CONV1D else tensor.stored.name.endswith(TURNED)


def read_context(
    tensors: Sequence[NamedTensor], geometry: Geometry, parts: Mapping[ModelPart, Geometry] | None = None
) -> Context:
    """Look the whole checkpoint over."""
    if geometry.hidden is None:
        geometry = replace(geometry, hidden=_embedding_width(tensors))
    return Context(
        geometry,
        _stacking(tensors, geometry),
        _has_conv1d(tensors),
        _multi_token_layers(tensors),
        parts or {},
        _slices(tensors),
        frozenset(_module(tensor) for tensor in tensors if _is_gated(tensor)),
    )


def apply_readings(entries: Iterable[Entry]) -> dict[str, Meaning]:
    """Return the stems whose meaning differs from the table's in this checkpoint."""
    stems = frozenset(entry.stem for entry in entries)
    return {reading.stem: reading.meaning for reading in _READINGS if reading.holds(stems)}


def _embedding_width(tensors: Sequence[NamedTensor]) -> int | None:
    for tensor in tensors:
        if tensor.entry is not None and tensor.entry.meaning is Role.EMBED and len(tensor.stored.shape) == 2:
            return tensor.stored.shape[1]
    return None


def _stacking(tensors: Sequence[NamedTensor], geometry: Geometry) -> Stacking:
    """Read the orientation of stacked experts from the fused gate and up: one side is the model's width."""
    transposed = has_quirk(geometry.model_type, Quirk.EXPERTS_IN_OUT)
    alternating = has_quirk(geometry.model_type, Quirk.GATE_UP_ALTERNATE)
    experts = geometry.experts
    for tensor in tensors:
        entry, shape = tensor.entry, tensor.stored.shape
        if entry is None:
            continue
        if entry.meaning is Fusion.EXPERTS_GATE_UP and entry.slot == "bias":
            alternating = True
        elif entry.meaning is Fusion.EXPERTS_GATE_UP and len(shape) == 3 and geometry.hidden in shape[1:]:
            transposed = _transposed(shape, geometry.hidden, transposed)
        elif entry.meaning is Role.ROUTER and entry.slot == "weight" and experts is None and len(shape) == 2:
            experts = shape[0]
    return Stacking(transposed, alternating, experts)


def _transposed(shape: tuple[int, ...], hidden: int | None, otherwise: bool) -> bool:
    return otherwise if shape[1] == shape[2] else shape[1] == hidden


def _slices(tensors: Sequence[NamedTensor]) -> int:
    """How often a name occurs: each file of a tensor-parallel checkpoint holds its slice under it."""
    return max(Counter(tensor.stored.name for tensor in tensors).values(), default=1)


def _is_gated(tensor: NamedTensor) -> bool:
    entry, shape = tensor.entry, tensor.stored.shape
    is_up = entry is not None and entry.meaning is Fusion.UP_OR_UP_GATE and len(shape) == 2
    return is_up and shape[0] == _GATED_ROWS * shape[1]


def _module(tensor: NamedTensor) -> str:
    return tensor.stored.name.rpartition(".")[0]


def _has_conv1d(tensors: Sequence[NamedTensor]) -> bool:
    return any(
        tensor.entry is not None
        and tensor.entry.stem == _CONV1D_WITNESS
        and len(tensor.stored.shape) == 2
        and tensor.stored.shape[0] < tensor.stored.shape[1]
        for tensor in tensors
    )


def _multi_token_layers(tensors: Sequence[NamedTensor]) -> frozenset[int]:
    """Return the layers that hold tensors of multi-token prediction, if they follow all the others."""
    marked = {t.name.layer for t in tensors if _in_layer(t) and _is_multi_token(t)}
    numbers = {number for number in marked if number is not None}
    if not numbers:
        return frozenset()
    others = {t.name.layer for t in tensors if _in_layer(t)} - marked
    last = max((number for number in others if number is not None), default=None)
    return frozenset(numbers) if last is not None and min(numbers) > last else frozenset()


def _in_layer(tensor: NamedTensor) -> bool:
    return tensor.entry is not None and tensor.entry.stem.startswith("layers.{L}.")


def _is_multi_token(tensor: NamedTensor) -> bool:
    return tensor.entry is not None and tensor.entry.meaning is Role.MULTI_TOKEN
