import pytest
from msgspec.structs import replace

from lineage_audit.checkpoint.config import ArchConfig, complete_from_shapes, config_from_mapping
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef


def tensor(role: Role, shape: tuple[int, ...], layer: int | None = None, expert: int | None = None) -> TensorRef:
    return TensorRef("t", role, "weight", layer, expert, shape, "F32", None, "model.safetensors", ())


DENSE = [
    tensor(Role.EMBED, (1000, 64)),
    *(
        tensor(role, shape, layer)
        for layer in range(3)
        for role, shape in [
            (Role.Q, (64, 64)),
            (Role.K, (32, 64)),
            (Role.V, (32, 64)),
            (Role.GATE, (172, 64)),
            (Role.UP, (172, 64)),
            (Role.DOWN, (64, 172)),
        ]
    ),
]


def test_an_empty_configuration_is_filled_from_shapes() -> None:
    config = complete_from_shapes(ArchConfig(), DENSE)
    assert config.fields == {
        "hidden_size": 64,
        "num_layers": 3,
        "vocab_size": 1000,
        "ffn_size": 172,
        "gated_ffn": True,
        "tie_embeddings": True,
    }
    assert set(config.origins.values()) == {"inferred"}


def test_what_is_stated_stands_and_defaults_give_way() -> None:
    stated = ArchConfig(
        {"hidden_size": 128, "ffn_size": 11008, "num_heads": 4, "tie_embeddings": False},
        {"hidden_size": "stated", "ffn_size": "default", "num_heads": "stated", "tie_embeddings": "default"},
    )
    config = complete_from_shapes(stated, DENSE)
    assert (config.fields["hidden_size"], config.origins["hidden_size"]) == (128, "stated")
    assert (config.fields["ffn_size"], config.origins["ffn_size"]) == (172, "inferred")
    assert (config.fields["head_dim"], config.fields["num_kv_heads"]) == (16, 2)
    assert (config.fields["tie_embeddings"], config.origins["tie_embeddings"]) == (True, "inferred")


def test_a_stored_output_matrix_speaks_against_tying_only_where_nothing_else_does() -> None:
    tensors = [*DENSE, tensor(Role.LM_HEAD, (1000, 64))]
    assert complete_from_shapes(ArchConfig(), tensors).flag("tie_embeddings") is False
    tied = ArchConfig({"tie_embeddings": True}, {"tie_embeddings": "default"})
    assert complete_from_shapes(tied, tensors).flag("tie_embeddings") is True


def test_experts_are_counted_and_measured() -> None:
    experts = [tensor(role, (48, 64), 0, expert) for expert in range(8) for role in (Role.GATE, Role.UP)]
    config = complete_from_shapes(ArchConfig(), experts)
    assert (config.integer("num_experts"), config.integer("expert_ffn_size")) == (8, 48)
    assert "ffn_size" not in config.fields


def test_an_ungated_ffn_and_a_fused_one() -> None:
    plain = [tensor(Role.UP, (256, 64), 0), tensor(Role.DOWN, (64, 256), 0)]
    assert complete_from_shapes(ArchConfig(), plain).flag("gated_ffn") is False
    fused = complete_from_shapes(ArchConfig(), [tensor(Role.GATE_UP, (344, 64), 0)])
    assert (fused.flag("gated_ffn"), fused.integer("ffn_size")) == (True, 172)


def test_a_narrow_embedding_does_not_set_the_width() -> None:
    config = complete_from_shapes(ArchConfig(), [tensor(Role.EMBED, (1000, 16)), tensor(Role.Q, (64, 64), 0)])
    assert config.integer("hidden_size") == 64


def test_nothing_to_see_changes_nothing() -> None:
    assert complete_from_shapes(ArchConfig(), []) == ArchConfig()
    odd = [tensor(Role.EMBED, (7,)), tensor(Role.Q, (), 0)]
    assert complete_from_shapes(ArchConfig(), odd).integer("hidden_size") is None


def test_a_norm_with_a_bias_is_a_layer_norm_and_one_without_may_be_either() -> None:
    stated = config_from_mapping({"model_type": "unheard_of", "layer_norm_eps": 1e-6}, "config.json")
    weight = TensorRef("n", Role.FINAL_NORM, "weight", None, None, (8,), "F32", None, "model.safetensors", ())
    assert complete_from_shapes(stated, [weight]).text("norm") is None
    assert complete_from_shapes(stated, [weight, replace(weight, slot="bias")]).text("norm") == "layernorm"


@pytest.mark.parametrize("model_type", ["t5", "mamba", "nemotron_h"])
def test_an_epsilon_of_a_layer_norm_may_be_a_root_mean_square_norms(model_type: str) -> None:
    config = config_from_mapping({"model_type": model_type, "layer_norm_epsilon": 1e-6}, "config.json")
    assert config.text("norm") == "rmsnorm"
