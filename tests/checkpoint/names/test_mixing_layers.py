"""Mixers without a softmax that go under attention's names."""

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.stored import all_stored, config_of

CONFIG = config_of(hidden_size=8, num_attention_heads=2)


def _roles(layer: int, *further: str) -> dict[str, Role]:
    shapes = {f"model.layers.{layer}.self_attn.{name}_proj.weight": (8, 8) for name in "qkvo"}
    shapes |= {f"model.layers.{layer}.self_attn.{name}": (8,) for name in further}
    return {ref.name.split(".")[4]: ref.role for ref in map_names(all_stored(shapes), CONFIG)}


def test_a_decay_in_the_module_makes_attention_linear() -> None:
    roles = _roles(0, "A_log")
    assert [roles[f"{name}_proj"] for name in "qkvo"] == [Role.MIXER_Q, Role.MIXER_K, Role.MIXER_V, Role.MIXER_O]


def test_attention_without_one_is_attention() -> None:
    roles = _roles(0)
    assert [roles[f"{name}_proj"] for name in "qkvo"] == [Role.Q, Role.K, Role.V, Role.O]


def test_only_the_layer_that_has_it_is_linear() -> None:
    shapes = {f"model.layers.{layer}.self_attn.q_proj.weight": (8, 8) for layer in (0, 1)}
    shapes["model.layers.1.self_attn.A_log"] = (2,)
    refs = {ref.name: ref.role for ref in map_names(all_stored(shapes), CONFIG)}
    assert refs["model.layers.0.self_attn.q_proj.weight"] is Role.Q
    assert refs["model.layers.1.self_attn.q_proj.weight"] is Role.MIXER_Q


def test_a_fused_matrix_of_linear_attention_stays_whole() -> None:
    shapes = {
        "model.layers.0.self_attn.qkv_proj.weight": (24, 8),
        "model.layers.0.self_attn.output_gate.weight": (8, 8),
    }
    refs = {ref.role: ref for ref in map_names(all_stored(shapes), CONFIG)}
    assert refs[Role.MIXER_QKV].shape == (24, 8)
    assert Role.Q not in refs
