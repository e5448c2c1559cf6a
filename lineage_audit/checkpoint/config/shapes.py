"""What the weights' shapes say of an architecture, for configurations that are missing or do not say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.config.fields import ArchConfig, FieldOrigin, FieldValue
from lineage_audit.checkpoint.config.fields_table import FIELDS
from lineage_audit.checkpoint.config.values import checked
from lineage_audit.checkpoint.roles import NORM_ROLES, Role
from lineage_audit.checkpoint.tensors import TensorRef

_GATED = frozenset({Role.GATE, Role.GATE_UP})
_FFN = frozenset({Role.GATE, Role.UP, Role.GATE_UP})
_ATTENTION_INPUTS = frozenset({Role.Q, Role.QKV, Role.Q_A, Role.KV_A})
_LAYER_ROLES = _FFN | _ATTENTION_INPUTS | {Role.K, Role.V, Role.O, Role.DOWN, Role.ATTN_NORM, Role.FFN_NORM}


def complete_from_shapes(config: ArchConfig, tensors: Sequence[TensorRef]) -> ArchConfig:
    """Fill fields that the configuration lacks, or has only as a default, from the tensors' roles and shapes.

    What the configuration states is never changed, even where the shapes contradict it.

    Args:
        config: as read.
        tensors: references with roles, layers, experts and logical shapes ``[out, in]``.
    """
    weights = [tensor for tensor in tensors if tensor.slot == "weight" and tensor.in_core]
    if not weights:
        return config
    fields: dict[str, FieldValue] = dict(config.fields)
    origins: dict[str, FieldOrigin] = dict(config.origins)
    for name, infer in _INFERENCES:
        value = checked(infer(weights, fields), FIELDS[name])
        if value is not None and origins.get(name) != "stated" and fields.get(name) != value:
            fields[name] = value
            origins[name] = "inferred"
    if "norm" not in fields and any(_is_bias_of_a_norm(tensor) for tensor in tensors if tensor.in_core):
        fields["norm"] = "layernorm"
        origins["norm"] = "inferred"
    return replace(config, fields=fields, origins=origins)


def _is_bias_of_a_norm(tensor: TensorRef) -> bool:
    """Root mean square normalisation has no bias; a norm without one may be of either kind."""
    return tensor.in_core and tensor.slot == "bias" and tensor.role in NORM_ROLES


def _matrices(weights: Iterable[TensorRef], roles: frozenset[Role]) -> list[TensorRef]:
    return [tensor for tensor in weights if tensor.role in roles and len(tensor.shape) == 2]


def _hidden_size(weights: list[TensorRef], _: dict[str, FieldValue]) -> int | None:
    """Columns of what reads the residual stream; the embedding may be narrower and is asked last."""
    readers = _matrices(weights, _ATTENTION_INPUTS) or _matrices(weights, frozenset({Role.UP, Role.GATE_UP}))
    readers = readers or _matrices(weights, frozenset({Role.EMBED}))
    return readers[0].shape[1] if readers else None


def _num_layers(weights: list[TensorRef], _: dict[str, FieldValue]) -> int | None:
    layers = {tensor.layer for tensor in weights if tensor.role in _LAYER_ROLES and tensor.layer is not None}
    return max(layers) + 1 if layers else None


def _vocab_size(weights: list[TensorRef], _: dict[str, FieldValue]) -> int | None:
    embeddings = _matrices(weights, frozenset({Role.EMBED}))
    return embeddings[0].shape[0] if embeddings else None


def _ffn_rows(weights: Iterable[TensorRef]) -> int | None:
    for tensor in _matrices(weights, _FFN):
        return tensor.shape[0] // 2 if tensor.role is Role.GATE_UP else tensor.shape[0]
    return None


def _ffn_size(weights: list[TensorRef], _: dict[str, FieldValue]) -> int | None:
    return _ffn_rows(tensor for tensor in weights if tensor.expert is None)


def _expert_ffn_size(weights: list[TensorRef], _: dict[str, FieldValue]) -> int | None:
    return _ffn_rows(tensor for tensor in weights if tensor.expert is not None)


def _num_experts(weights: list[TensorRef], _: dict[str, FieldValue]) -> int | None:
    experts = {tensor.expert for tensor in weights if tensor.expert is not None}
    return max(experts) + 1 if experts else None


def _gated_ffn(weights: list[TensorRef], _: dict[str, FieldValue]) -> bool | None:
    roles = {tensor.role for tensor in weights if tensor.role in _FFN}
    return bool(roles & _GATED) if roles else None


def _tie_embeddings(weights: list[TensorRef], fields: dict[str, FieldValue]) -> bool | None:
    """A model without an output matrix ties it; one with it may still be tied and stored twice."""
    roles = {tensor.role for tensor in weights}
    if Role.EMBED not in roles:
        return None
    if Role.LM_HEAD not in roles:
        return True
    return False if "tie_embeddings" not in fields else None


def _head_dim(weights: list[TensorRef], fields: dict[str, FieldValue]) -> int | None:
    queries, heads = _matrices(weights, frozenset({Role.Q})), fields.get("num_heads")
    if not queries or not isinstance(heads, int) or queries[0].shape[0] % heads:
        return None
    return queries[0].shape[0] // heads


def _num_kv_heads(weights: list[TensorRef], fields: dict[str, FieldValue]) -> int | None:
    keys, width = _matrices(weights, frozenset({Role.K})), fields.get("head_dim")
    if not keys or not isinstance(width, int) or keys[0].shape[0] % width:
        return None
    return keys[0].shape[0] // width


_INFERENCES: tuple[tuple[str, Callable[[list[TensorRef], dict[str, FieldValue]], int | bool | None]], ...] = (
    ("hidden_size", _hidden_size),
    ("num_layers", _num_layers),
    ("vocab_size", _vocab_size),
    ("ffn_size", _ffn_size),
    ("num_experts", _num_experts),
    ("expert_ffn_size", _expert_ffn_size),
    ("gated_ffn", _gated_ffn),
    ("tie_embeddings", _tie_embeddings),
    ("head_dim", _head_dim),
    ("num_kv_heads", _num_kv_heads),
)
"""In order: later ones use fields that earlier ones filled."""
