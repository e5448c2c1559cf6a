"""Configurations of published models, as their repositories state them, where transformers has the class.

What is not listed is the class's default, as it is for the model itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    model: str
    model_type: str
    config: dict[str, object] = field(default_factory=dict)
    auto_class: str = "AutoModelForCausalLM"


def _sizes(
    vocabulary: int, hidden: int, ffn: int, layers: int, heads: int, kv_heads: int, **more: object
) -> dict[str, object]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": ffn,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        **more,
    }


_MASKED = "AutoModelForMaskedLM"

PUBLISHED = (
    Published("huggyllama/llama-7b", "llama", _sizes(32000, 4096, 11008, 32, 32, 32)),
    Published("meta-llama/Llama-2-70b-hf", "llama", _sizes(32000, 8192, 28672, 80, 64, 8)),
    Published(
        "meta-llama/Llama-3.2-1B", "llama", _sizes(128256, 2048, 8192, 16, 32, 8, head_dim=64, tie_word_embeddings=True)
    ),
    Published(
        "meta-llama/Llama-4-Scout-17B-16E",
        "llama4_text",
        _sizes(
            202048,
            5120,
            8192,
            48,
            40,
            8,
            intermediate_size_mlp=16384,
            head_dim=128,
            num_local_experts=16,
            interleave_moe_layer_step=1,
        ),
    ),
    Published("01-ai/Yi-34B", "llama", _sizes(64000, 7168, 20480, 60, 56, 8)),
    Published("TigerResearch/tigerbot-70b-base-v1", "llama", _sizes(65107, 8192, 28672, 80, 64, 8)),
    Published("HuggingFaceTB/SmolLM2-135M", "llama", _sizes(49152, 576, 1536, 30, 9, 3, tie_word_embeddings=True)),
    Published("deepseek-ai/deepseek-llm-67b-base", "llama", _sizes(102400, 8192, 22016, 95, 64, 8)),
    Published("mistralai/Mistral-7B-v0.1", "mistral", _sizes(32000, 4096, 14336, 32, 32, 8)),
    Published("mistralai/Mixtral-8x7B-v0.1", "mixtral", _sizes(32000, 4096, 14336, 32, 32, 8, num_local_experts=8)),
    Published("Qwen/Qwen2.5-0.5B", "qwen2", _sizes(151936, 896, 4864, 24, 14, 2, tie_word_embeddings=True)),
    Published("Qwen/Qwen2-7B", "qwen2", _sizes(152064, 3584, 18944, 28, 28, 4)),
    Published(
        "Qwen/Qwen1.5-MoE-A2.7B",
        "qwen2_moe",
        _sizes(
            151936,
            2048,
            5632,
            24,
            16,
            16,
            moe_intermediate_size=1408,
            shared_expert_intermediate_size=5632,
            num_experts=60,
        ),
    ),
    Published("Qwen/Qwen3-8B", "qwen3", _sizes(151936, 4096, 12288, 36, 32, 8, head_dim=128)),
    Published(
        "Qwen/Qwen3-30B-A3B",
        "qwen3_moe",
        _sizes(151936, 2048, 6144, 48, 32, 4, head_dim=128, moe_intermediate_size=768, num_experts=128),
    ),
    Published(
        "tiiuae/falcon-7b",
        "falcon",
        {
            "vocab_size": 65024,
            "hidden_size": 4544,
            "num_hidden_layers": 32,
            "num_attention_heads": 71,
            "multi_query": True,
            "parallel_attn": True,
            "bias": False,
            "alibi": False,
        },
    ),
    Published(
        "tiiuae/falcon-40b",
        "falcon",
        {
            "vocab_size": 65024,
            "hidden_size": 8192,
            "num_hidden_layers": 60,
            "num_attention_heads": 128,
            "num_kv_heads": 8,
            "new_decoder_architecture": True,
            "parallel_attn": True,
            "bias": False,
        },
    ),
    Published(
        "tiiuae/falcon-180B",
        "falcon",
        {
            "vocab_size": 65024,
            "hidden_size": 14848,
            "num_hidden_layers": 80,
            "num_attention_heads": 232,
            "num_kv_heads": 8,
            "new_decoder_architecture": True,
            "parallel_attn": True,
            "bias": False,
        },
    ),
    Published(
        "tiiuae/falcon-rw-1b",
        "falcon",
        {
            "vocab_size": 50304,
            "hidden_size": 2048,
            "num_hidden_layers": 24,
            "num_attention_heads": 32,
            "multi_query": False,
            "parallel_attn": False,
            "bias": True,
            "alibi": True,
        },
    ),
    Published(
        "deepseek-ai/DeepSeek-V2-Lite",
        "deepseek_v2",
        _sizes(
            102400,
            2048,
            10944,
            27,
            16,
            16,
            q_lora_rank=None,
            kv_lora_rank=512,
            qk_nope_head_dim=128,
            qk_rope_head_dim=64,
            v_head_dim=128,
            moe_intermediate_size=1408,
            n_routed_experts=64,
            n_shared_experts=2,
            first_k_dense_replace=1,
            num_experts_per_tok=6,
        ),
    ),
    Published("deepseek-ai/DeepSeek-V3", "deepseek_v3", {"num_hidden_layers": 61, "n_routed_experts": 256}),
    Published("internlm/internlm3-8b-instruct", "internlm3", _sizes(128512, 4096, 10240, 48, 32, 2, head_dim=128)),
    Published(
        "baidu/ERNIE-4.5-0.3B-PT",
        "ernie4_5",
        _sizes(103424, 1024, 3072, 18, 16, 2, head_dim=128, tie_word_embeddings=True),
    ),
    Published(
        "baidu/ERNIE-4.5-21B-A3B-PT",
        "ernie4_5_moe",
        _sizes(
            103424,
            2560,
            12288,
            28,
            20,
            4,
            moe_intermediate_size=1536,
            moe_num_experts=64,
            moe_num_shared_experts=2,
            tie_word_embeddings=True,
        ),
    ),
    Published("THUDM/glm-4-9b-hf", "glm", _sizes(151552, 4096, 13696, 40, 32, 2, head_dim=128, attention_bias=True)),
    Published("THUDM/GLM-4-9B-0414", "glm4", _sizes(151552, 4096, 13696, 40, 32, 2, head_dim=128, attention_bias=True)),
    Published("google/gemma-2b", "gemma", _sizes(256000, 2048, 16384, 18, 8, 1, head_dim=256)),
    Published("google/gemma-2-2b", "gemma2", _sizes(256000, 2304, 9216, 26, 8, 4, head_dim=256)),
    Published("google/gemma-3-1b-pt", "gemma3_text", _sizes(262144, 1152, 6912, 26, 4, 1, head_dim=256)),
    Published("microsoft/phi-2", "phi", _sizes(51200, 2560, 10240, 32, 32, 32)),
    Published("microsoft/Phi-3-mini-4k-instruct", "phi3", _sizes(32064, 3072, 8192, 32, 32, 32)),
    Published("microsoft/Phi-3-medium-4k-instruct", "phi3", _sizes(32064, 5120, 17920, 40, 40, 10)),
    Published(
        "microsoft/Phi-3.5-MoE-instruct",
        "phimoe",
        _sizes(32064, 4096, 6400, 32, 32, 8, num_local_experts=16, attention_bias=True, lm_head_bias=True),
    ),
    Published("openai-community/gpt2", "gpt2"),
    Published("EleutherAI/gpt-neox-20b", "gpt_neox"),
    Published("EleutherAI/gpt-j-6b", "gptj"),
    Published("EleutherAI/gpt-neo-1.3B", "gpt_neo"),
    Published(
        "Salesforce/codegen-2B-mono",
        "codegen",
        {"vocab_size": 51200, "n_embd": 2560, "n_layer": 32, "n_head": 32, "rotary_dim": 64},
    ),
    Published(
        "bigscience/bloom-560m", "bloom", {"vocab_size": 250880, "hidden_size": 1024, "n_layer": 24, "n_head": 16}
    ),
    Published("facebook/opt-125m", "opt"),
    Published(
        "facebook/opt-350m",
        "opt",
        {
            "hidden_size": 1024,
            "ffn_dim": 4096,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "do_layer_norm_before": False,
            "word_embed_proj_dim": 512,
        },
    ),
    Published(
        "mosaicml/mpt-7b",
        "mpt",
        {"vocab_size": 50432, "d_model": 4096, "n_layers": 32, "n_heads": 32, "expansion_ratio": 4},
    ),
    Published("stabilityai/stablelm-3b-4e1t", "stablelm", _sizes(50304, 2560, 6912, 32, 32, 32)),
    Published(
        "stabilityai/stablelm-2-12b",
        "stablelm",
        _sizes(100352, 5120, 13824, 40, 32, 8, qk_layernorm=True, use_parallel_residual=True),
    ),
    Published("allenai/OLMo-7B-hf", "olmo", _sizes(50304, 4096, 11008, 32, 32, 32)),
    Published("allenai/OLMo-2-1124-7B", "olmo2", _sizes(100352, 4096, 11008, 32, 32, 32)),
    Published("allenai/OLMoE-1B-7B-0924", "olmoe", _sizes(50304, 2048, 1024, 16, 16, 16, num_experts=64)),
    Published("CohereForAI/c4ai-command-r-v01", "cohere", _sizes(256000, 8192, 22528, 40, 64, 64)),
    Published("ibm-granite/granite-3.1-8b-base", "granite", _sizes(49152, 4096, 12800, 40, 32, 8)),
    Published(
        "ibm-granite/granite-3.0-1b-a400m-base", "granitemoe", _sizes(49155, 1024, 512, 24, 16, 8, num_local_experts=32)
    ),
    Published("HuggingFaceTB/SmolLM3-3B", "smollm3", _sizes(128256, 2048, 11008, 36, 16, 4)),
    Published("bigcode/starcoder2-3b", "starcoder2", _sizes(49152, 3072, 12288, 30, 24, 2)),
    Published(
        "bigcode/starcoder",
        "gpt_bigcode",
        {"vocab_size": 49152, "n_embd": 6144, "n_inner": 24576, "n_layer": 40, "n_head": 48, "multi_query": True},
    ),
    Published(
        "openai/gpt-oss-20b", "gpt_oss", _sizes(201088, 2880, 2880, 24, 64, 8, head_dim=64, num_local_experts=32)
    ),
    Published("adept/persimmon-8b-base", "persimmon"),
    Published("google-bert/bert-base-uncased", "bert", auto_class=_MASKED),
    Published("google-bert/bert-base-uncased (pre-training)", "bert", auto_class="AutoModelForPreTraining"),
    Published(
        "FacebookAI/roberta-base",
        "roberta",
        {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1},
        _MASKED,
    ),
    Published("distilbert/distilbert-base-uncased", "distilbert", auto_class=_MASKED),
    Published(
        "albert/albert-base-v2",
        "albert",
        {
            "vocab_size": 30000,
            "embedding_size": 128,
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_attention_heads": 12,
            "num_hidden_layers": 12,
        },
        _MASKED,
    ),
    Published(
        "sentence-transformers/all-MiniLM-L6-v2",
        "bert",
        {"hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 6, "num_attention_heads": 12},
        "AutoModel",
    ),
    Published("answerdotai/ModernBERT-base", "modernbert", auto_class=_MASKED),
    Published(
        "google/electra-small-generator",
        "electra",
        {"embedding_size": 128, "hidden_size": 256, "num_attention_heads": 4, "intermediate_size": 1024},
        _MASKED,
    ),
)
