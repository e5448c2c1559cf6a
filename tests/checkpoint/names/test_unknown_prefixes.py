"""Known architectures under prefixes that no table lists."""

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.stored import all_stored, config_of

BERT = {
    "embeddings.word_embeddings": (30, 8),
    "embeddings.token_type_embeddings": (2, 8),
    "encoder.layer.0.attention.self.query": (8, 8),
    "encoder.layer.0.attention.self.key": (8, 8),
    "encoder.layer.0.attention.self.value": (8, 8),
    "encoder.layer.0.attention.output.dense": (8, 8),
    "encoder.layer.0.intermediate.dense": (16, 8),
    "encoder.layer.0.output.dense": (8, 16),
}
ROLES = [Role.EMBED, Role.TOKEN_TYPE_EMBED, Role.Q, Role.K, Role.V, Role.O, Role.UP, Role.DOWN]


def _mapped(prefix: str, extra: dict[str, tuple[int, ...]]) -> list[Role]:
    shapes = {f"{prefix}{name}.weight": shape for name, shape in (BERT | extra).items()}
    refs = map_names(all_stored(shapes), config_of(hidden_size=8, num_attention_heads=2))
    assert not any(ref.inferred for ref in refs[: len(ROLES)])
    return [ref.role for ref in refs]


def test_bert_is_known_under_any_prefix() -> None:
    assert _mapped("nobody_listed_this.", {}) == ROLES


def test_bert_is_known_beside_names_that_are_not() -> None:
    assert _mapped("nobody_listed_this.", {"encoder.layer.0.extra.thing": (3,)})[: len(ROLES)] == ROLES


def test_a_name_in_common_does_not_make_the_family() -> None:
    shapes = {"nova.blocks.0.attn_norm.weight": (8,), "nova.blocks.0.attn.wq.weight": (8, 8)}
    shapes |= {f"nova.blocks.0.own.{n}.weight": (8, 8) for n in "abc"}
    refs = map_names(all_stored(shapes), config_of(hidden_size=8))
    assert all(ref.inferred for ref in refs if ref.role is not Role.OTHER)


def test_names_outside_the_layers_go_under_the_prefix_of_the_stack() -> None:
    shapes = {"unheard.embed_in.weight": (30, 8), "unheard.final_layer_norm.weight": (8,)}
    shapes |= {f"unheard.layers.0.attention.{name}.weight": (8, 8) for name in ("dense", "query_key_value")}
    refs = map_names(all_stored(shapes), config_of(hidden_size=8))
    assert [ref.role for ref in refs[:2]] == [Role.EMBED, Role.FINAL_NORM]
    assert not any(ref.inferred for ref in refs)
