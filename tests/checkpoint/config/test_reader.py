import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.checkpoint.config import FIELDS, ArchConfig, config_from_mapping, read_config
from lineage_audit.checkpoint.config.defaults import DEFAULTS, EXPERT_FFN_IS_FFN, FAMILY_OF, FFN_MULTIPLE
from lineage_audit.checkpoint.config.derivations import BY_FAMILY
from lineage_audit.checkpoint.config.fields_table import FAMILY_ALIASES
from lineage_audit.checkpoint.config.values import LIST_LIMIT, OTHER_LIMIT, TEXT_LIMIT, checked
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from tests.checkpoint.memory_source import MemorySource
from tests.models import llama, safetensors

REAL_REPOS = Path(__file__).parents[4] / "shared" / "real-repos"

LLAMA2_7B = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "max_position_embeddings": 4096,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "rms_norm_eps": 1e-5,
    "torch_dtype": "float16",
    "vocab_size": 32000,
}


def read(stated: object, file: str = "config.json") -> ArchConfig:
    return read_config(MemorySource({file: json.dumps(stated)}))


def test_stated_fields_and_defaults_are_told_apart() -> None:
    config = read(LLAMA2_7B)
    assert config.file == "config.json"
    assert config.integer("num_layers") == 32
    assert config.text("architecture") == "LlamaForCausalLM"
    assert config.origins["ffn_size"] == "stated"
    assert (config.number("rope_theta"), config.origins["rope_theta"]) == (10000.0, "default")
    assert (config.integer("num_kv_heads"), config.origins["num_kv_heads"]) == (32, "default")
    assert config.integer("head_dim") == 128
    assert config.flag("gated_ffn") is True
    assert config.flag("tie_embeddings") is False
    assert config.text("norm") == "rmsnorm"


def test_both_generations_of_transformers_read_alike() -> None:
    scaling = {"rope_type": "llama3", "factor": 8.0}
    old = {**LLAMA2_7B, "rope_theta": 5e5, "rope_scaling": scaling}
    new = {**LLAMA2_7B, "rope_parameters": {"rope_theta": 5e5, **scaling}, "dtype": "float16"}
    del new["torch_dtype"]
    assert read(old).fields == read(new).fields
    assert read(new).text("rope_scaling") == "llama3(factor=8.0)"


def test_rope_parameters_without_scaling_are_no_scaling() -> None:
    config = read({**LLAMA2_7B, "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}})
    assert (config.text("rope_scaling"), config.number("rope_theta")) == ("none", 1e6)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (
            {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_inner": None, "n_positions": 1024},
            {"hidden_size": 768, "ffn_size": 3072, "position_encoding": "learned", "tie_embeddings": True},
        ),
        (
            {"model_type": "qwen", "hidden_size": 4096, "intermediate_size": 22016, "num_attention_heads": 32},
            {"ffn_size": 11008, "attention_bias": True},
        ),
        (
            {"model_type": "falcon", "hidden_size": 4544, "num_attention_heads": 71, "multi_query": True},
            {"qkv_layout": "multi-query", "num_kv_heads": 1, "ffn_size": 18176, "parallel_blocks": True},
        ),
        (
            {
                "model_type": "falcon",
                "hidden_size": 8192,
                "num_attention_heads": 128,
                "num_kv_heads": 8,
                "new_decoder_architecture": True,
                "multi_query": True,
            },
            {"qkv_layout": "grouped", "num_kv_heads": 8},
        ),
        (
            {
                "model_type": "falcon",
                "hidden_size": 2048,
                "num_attention_heads": 32,
                "multi_query": False,
                "alibi": True,
            },
            {"qkv_layout": "per-head", "num_kv_heads": 32, "position_encoding": "alibi", "rope_theta": None},
        ),
        (
            {
                "model_type": "chatglm",
                "hidden_size": 4096,
                "num_attention_heads": 32,
                "num_layers": 40,
                "multi_query_attention": True,
                "multi_query_group_num": 2,
                "kv_channels": 128,
                "ffn_hidden_size": 13696,
                "padded_vocab_size": 151552,
                "rope_ratio": 500,
                "seq_length": 131072,
            },
            {"num_kv_heads": 2, "vocab_size": 151552, "rope_theta": 5e6, "rotary_interleaved": True, "ffn_size": 13696},
        ),
        (
            {"model_type": "baichuan", "hidden_size": 5120, "num_attention_heads": 40, "model_max_length": 4096},
            {"position_encoding": "alibi", "max_positions": 4096, "rope_theta": None},
        ),
        (
            {"model_type": "mpt", "d_model": 4096, "n_heads": 32, "expansion_ratio": 4, "attn_config": {"alibi": True}},
            {"ffn_size": 16384, "position_encoding": "alibi", "num_heads": 32},
        ),
        (
            {"model_type": "mixtral", "intermediate_size": 14336, "num_local_experts": 8, "sliding_window": None},
            {"num_experts": 8, "expert_ffn_size": 14336, "experts_per_token": 2, "sliding_window": None},
        ),
        (
            {"model_type": "gptj", "n_embd": 4096, "n_head": 16, "rotary_dim": 64},
            {"rotary_fraction": 0.25, "rotary_interleaved": True, "parallel_blocks": True},
        ),
        (
            {"model_type": "mistral", "num_attention_heads": 32, "sliding_window": None},
            {"sliding_window": None, "num_kv_heads": 8},
        ),
        (
            {"model_type": "qwen2", "sliding_window": 131072, "use_sliding_window": False},
            {"sliding_window": None, "attention_bias": True},
        ),
        ({"model_type": "gemma", "hidden_act": "gelu"}, {"activation": "gelu_tanh", "head_dim": 256}),
        (
            {"model_type": "deepseek_v3", "n_routed_experts": 256, "hidden_size": 7168, "num_attention_heads": 128},
            {"num_experts": 256, "first_dense_layers": 3, "kv_lora_rank": 512, "head_dim": None},
        ),
        (
            {"model_type": "albert", "embedding_size": 128, "hidden_size": 4096, "num_attention_heads": 64},
            {"embedding_size": 128, "norm_position": "post", "norm": "layernorm"},
        ),
        (
            {"model_type": "distilbert", "dim": 768, "hidden_dim": 3072, "n_heads": 12},
            {"ffn_size": 3072, "head_dim": 64},
        ),
        (
            {"model_type": "internlm", "bias": True, "hidden_size": 4096, "num_attention_heads": 32},
            {"attention_bias": True, "ffn_bias": False},
        ),
        ({"model_type": "llama", "quantization_config": {"load_in_4bit": True}}, {"quantization": "bitsandbytes"}),
        ({"model_type": "llama", "quantization": {"group_size": 64, "bits": 4}}, {"quantization": "mlx"}),
    ],
)
def test_each_architecture_in_its_own_words(stated: dict[str, object], expected: dict[str, object]) -> None:
    fields = read(stated).fields
    assert {name: fields.get(name) for name in expected} == expected


def test_an_unknown_architecture_gets_universal_defaults_only() -> None:
    config = read({"model_type": "novel", "hidden_size": 64, "num_attention_heads": 4, "rms_norm_eps": 1e-6})
    assert {name for name, origin in config.origins.items() if origin == "default"} == {
        "num_kv_heads",
        "head_dim",
        "norm",
    }


def test_the_family_is_told_by_the_class_where_the_type_is_missing() -> None:
    assert read({"architectures": ["GPTNeoXForCausalLM"]}).flag("parallel_blocks") is True


def test_the_language_model_is_lifted_out_of_a_multimodal_configuration() -> None:
    config = read(
        {
            "architectures": ["Gemma3ForConditionalGeneration"],
            "model_type": "gemma3",
            "torch_dtype": "bfloat16",
            "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34},
            "vision_config": {"hidden_size": 1152},
        }
    )
    assert config.text("architecture") == "Gemma3ForConditionalGeneration"
    assert config.text("dtype") == "bfloat16"
    assert (config.integer("hidden_size"), config.integer("num_layers")) == (2560, 34)
    assert (config.integer("num_heads"), config.flag("qk_norm")) == (8, True)
    assert config.other["vision_config.hidden_size"] == 1152


@pytest.mark.parametrize(
    ("params", "ffn_size"),
    [
        ({"dim": 4096, "multiple_of": 256, "n_heads": 32, "n_layers": 32, "norm_eps": 1e-5, "vocab_size": -1}, 11008),
        ({"dim": 8192, "multiple_of": 4096, "ffn_dim_multiplier": 1.3, "n_heads": 64, "n_kv_heads": 8}, 28672),
        ({"dim": 4096, "multiple_of": 1024, "ffn_dim_multiplier": 1.3, "n_heads": 32, "n_kv_heads": 8}, 14336),
        ({"dim": 4096, "hidden_dim": 14336, "n_heads": 32, "head_dim": 128}, 14336),
    ],
)
def test_the_ffn_size_is_computed_as_metas_code_does(params: dict[str, object], ffn_size: int) -> None:
    config = read(params, "params.json")
    assert config.integer("ffn_size") == ffn_size
    assert config.flag("rotary_interleaved") is True
    assert config.fields.get("vocab_size") != -1


def test_a_model_without_configuration_has_an_empty_one() -> None:
    assert read_config(MemorySource({"model.safetensors": b""})) == ArchConfig()


def test_the_quantiser_s_own_file_names_the_method() -> None:
    source = MemorySource({"config.json": json.dumps(LLAMA2_7B), "quantize_config.json": '{"bits": 4}'})
    assert read_config(source).text("quantization") == "gptq"


@pytest.mark.parametrize("content", [b"[]", b"3", b"null", b"{", b"\xff\xfe", b"[" * 10_000])
def test_what_is_not_an_object_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=r"^config\.json: [^\n]+$"):
        read_config(MemorySource({"config.json": content}))


def test_a_pointer_in_its_place_says_how_to_fetch_it() -> None:
    with pytest.raises(UnreadableFileError, match="git lfs pull"):
        read_config(MemorySource({"config.json": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"}))


@pytest.mark.parametrize(
    "value", [True, "4096", -1, 0, 1.5, math.nan, math.inf, 10**30, [4096], {"a": 1}, None, "x" * 1000]
)
def test_sizes_of_another_type_or_magnitude_are_dropped(value: object) -> None:
    config = config_from_mapping({"model_type": "novel", "hidden_size": value, "rope_theta": [value]}, "config.json")
    assert "hidden_size" not in config.fields
    assert "rope_theta" not in config.fields


def test_what_is_beyond_the_vocabulary_is_flattened_and_bounded() -> None:
    config = read({"a": {"b": {"c": 1}}, "words": ["x", "y"], "rows": [{"k": 1}], "long": "y" * 999, "none": None})
    assert config.other == {"a.b.c": 1, "words": ("x", "y"), "rows.0.k": 1, "long": "y" * TEXT_LIMIT}
    many = read({f"key{number}": list(range(1000)) for number in range(600)})
    assert len(many.other) == OTHER_LIMIT
    assert len(many.other["key0"]) == LIST_LIMIT  # type: ignore[arg-type]


def test_every_default_fits_its_field() -> None:
    for family, defaults in DEFAULTS.items():
        for name, value in defaults.items():
            assert name in FIELDS, (family, name)
            assert value is None or checked(value, FIELDS[name]) == value, (family, name)


def test_every_table_names_families_that_exist() -> None:
    assert set(FAMILY_OF.values()) <= set(DEFAULTS)
    assert set(FFN_MULTIPLE) | EXPERT_FFN_IS_FFN | set(BY_FAMILY) | set(FAMILY_ALIASES) <= set(DEFAULTS)


@pytest.mark.skipif(not REAL_REPOS.is_dir(), reason="no real configurations beside the project")
def test_real_configurations_state_their_sizes() -> None:
    files = sorted(REAL_REPOS.glob("*/config.json"))
    assert files
    for file in files:
        config = read_config(MemorySource({"config.json": file.read_bytes()}))
        for name in ("hidden_size", "num_layers", "num_heads", "num_kv_heads", "ffn_size", "vocab_size", "head_dim"):
            assert config.integer(name), (file, name)


@pytest.mark.skipif(not REAL_REPOS.is_dir(), reason="no real configurations beside the project")
@pytest.mark.parametrize(
    ("repo", "expected"),
    [
        ("mapengAdam+qianwen-72B", {"ffn_size": 24576, "rope_theta": 1e6, "num_kv_heads": 64}),
        ("Alikhan13r+falcon-180B-chat", {"qkv_layout": "grouped", "num_kv_heads": 8, "head_dim": 64}),
        ("CesarChaMal+Wizard-Vicuna-30B-Uncensored-GPTQ", {"quantization": "gptq", "max_positions": 2048}),
        ("YouriLalain+2PRYMMAL-Yi1.5-6B-SLERP", {"rope_theta": 5e6, "num_kv_heads": 4, "dtype": "bfloat16"}),
    ],
)
def test_real_configurations(repo: str, expected: dict[str, object]) -> None:
    fields = read_config(MemorySource({"config.json": (REAL_REPOS / repo / "config.json").read_bytes()})).fields
    assert {name: fields.get(name) for name in expected} == expected


ALIASES = sorted(
    {alias.split(".")[0] for spec in FIELDS.values() for alias in spec.aliases} | {"architectures", "alibi"}
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*ALIASES, "rope_theta", "type", "factor"]) | st.text(max_size=5), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(
    st.sampled_from([*DEFAULTS, *FAMILY_OF, "novel"]),
    st.dictionaries(st.sampled_from([*ALIASES, "text_config", "rope_scaling", "rope_ratio", "quantization"]), VALUES),
)
def test_hostile_values_never_crash(model_type: str, stated: dict[str, object]) -> None:
    try:
        config = read({"model_type": model_type, **stated})
        read(stated, "params.json")
    except LineageAuditError:
        return
    assert set(config.fields) == set(config.origins)
    assert set(config.fields) <= set(FIELDS)
    for name, value in config.fields.items():
        assert checked(value, FIELDS[name]) == value, name
    json.dumps([config.fields, config.other], allow_nan=False).encode("utf-8")
    for value in [*config.fields.values(), *config.other.values()]:
        str(value).encode("utf-8")


@pytest.mark.parametrize("stated", ['{"per_channel": true, "per_model_config": {"model": {}}}', "{}", "[]", "{"])
def test_settings_of_another_quantiser_name_no_method(stated: str) -> None:
    source = MemorySource({"config.json": json.dumps(LLAMA2_7B), "quantize_config.json": stated})
    assert read_config(source).text("quantization") is None


@pytest.mark.parametrize("damaged", ['{"model_type": "llama",}', '{"model_type": "llama"}\n[http]\n', "", "\x00"])
def test_a_damaged_configuration_is_a_caveat_and_the_weights_decide(damaged: str) -> None:
    model = read_checkpoint(MemorySource({"config.json": damaged, "model.safetensors": safetensors(llama(1))}))
    assert model.config.integer("hidden_size") == 32
    assert [caveat for caveat in model.caveats if caveat.startswith("configuration left out: config.json: ")]
