"""Tensor names of published dense models, as their repositories hold them."""

from __future__ import annotations

from tests.checkpoint.names.listing import LLAMA_NORMS, Listing, llama_ends, llama_layers, without

YI_34B = Listing(
    "01-ai/Yi-34B (first release)",
    {
        "model_type": "Yi",
        "hidden_size": 7168,
        "intermediate_size": 20480,
        "num_attention_heads": 56,
        "num_key_value_heads": 8,
        "num_hidden_layers": 60,
        "vocab_size": 64000,
    },
    60,
    llama_ends(64000, 7168),
    llama_layers(7168, 20480, 1024, ("ln1", "ln2")),
)

BAICHUAN_13B = Listing(
    "baichuan-inc/Baichuan2-13B-Base",
    {
        "model_type": "baichuan",
        "hidden_size": 5120,
        "intermediate_size": 13696,
        "num_attention_heads": 40,
        "num_hidden_layers": 40,
        "vocab_size": 125696,
    },
    40,
    llama_ends(125696, 5120),
    {
        **without(llama_layers(5120, 13696, 5120, LLAMA_NORMS), "q_proj", "k_proj", "v_proj"),
        "model.layers.{L}.self_attn.W_pack.weight": (15360, 5120),
    },
)

INTERNLM_7B = Listing(
    "internlm/internlm-7b",
    {
        "model_type": "internlm",
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_attention_heads": 32,
        "num_hidden_layers": 32,
        "vocab_size": 103168,
        "bias": True,
    },
    32,
    llama_ends(103168, 4096),
    {
        **llama_layers(4096, 11008, 4096, LLAMA_NORMS),
        **{f"model.layers.{{L}}.self_attn.{name}_proj.bias": (4096,) for name in "qkvo"},
        "model.layers.{L}.self_attn.rotary_emb.inv_freq": (64,),
    },
)

INTERNLM2_20B = Listing(
    "internlm/internlm2-20b",
    {
        "model_type": "internlm2",
        "hidden_size": 6144,
        "intermediate_size": 16384,
        "num_attention_heads": 48,
        "num_key_value_heads": 8,
        "num_hidden_layers": 48,
        "vocab_size": 92544,
    },
    48,
    {"model.tok_embeddings.weight": (92544, 6144), "model.norm.weight": (6144,), "output.weight": (92544, 6144)},
    {
        "model.layers.{L}.attention.wqkv.weight": (8192, 6144),
        "model.layers.{L}.attention.wo.weight": (6144, 6144),
        "model.layers.{L}.feed_forward.w1.weight": (16384, 6144),
        "model.layers.{L}.feed_forward.w2.weight": (6144, 16384),
        "model.layers.{L}.feed_forward.w3.weight": (16384, 6144),
        "model.layers.{L}.attention_norm.weight": (6144,),
        "model.layers.{L}.ffn_norm.weight": (6144,),
    },
)

QWEN_72B = Listing(
    "Qwen/Qwen-72B",
    {
        "model_type": "qwen",
        "hidden_size": 8192,
        "intermediate_size": 49152,
        "num_attention_heads": 64,
        "num_hidden_layers": 80,
        "vocab_size": 152064,
        "kv_channels": 128,
    },
    80,
    {"transformer.wte.weight": (152064, 8192), "transformer.ln_f.weight": (8192,), "lm_head.weight": (152064, 8192)},
    {
        "transformer.h.{L}.attn.c_attn.weight": (24576, 8192),
        "transformer.h.{L}.attn.c_attn.bias": (24576,),
        "transformer.h.{L}.attn.c_proj.weight": (8192, 8192),
        "transformer.h.{L}.mlp.w1.weight": (24576, 8192),
        "transformer.h.{L}.mlp.w2.weight": (24576, 8192),
        "transformer.h.{L}.mlp.c_proj.weight": (8192, 24576),
        "transformer.h.{L}.ln_1.weight": (8192,),
        "transformer.h.{L}.ln_2.weight": (8192,),
    },
)

CHATGLM3_6B = Listing(
    "THUDM/chatglm3-6b",
    {
        "model_type": "chatglm",
        "hidden_size": 4096,
        "ffn_hidden_size": 13696,
        "num_attention_heads": 32,
        "num_layers": 28,
        "kv_channels": 128,
        "multi_query_attention": True,
        "multi_query_group_num": 2,
        "padded_vocab_size": 65024,
    },
    28,
    {
        "transformer.embedding.word_embeddings.weight": (65024, 4096),
        "transformer.rotary_pos_emb.inv_freq": (32,),
        "transformer.encoder.final_layernorm.weight": (4096,),
        "transformer.output_layer.weight": (65024, 4096),
    },
    {
        "transformer.encoder.layers.{L}.input_layernorm.weight": (4096,),
        "transformer.encoder.layers.{L}.self_attention.query_key_value.weight": (4608, 4096),
        "transformer.encoder.layers.{L}.self_attention.query_key_value.bias": (4608,),
        "transformer.encoder.layers.{L}.self_attention.dense.weight": (4096, 4096),
        "transformer.encoder.layers.{L}.post_attention_layernorm.weight": (4096,),
        "transformer.encoder.layers.{L}.mlp.dense_h_to_4h.weight": (27392, 4096),
        "transformer.encoder.layers.{L}.mlp.dense_4h_to_h.weight": (4096, 13696),
    },
)

PHI_2_OLD = Listing(
    "microsoft/phi-2 (first release)",
    {"model_type": "phi-msft", "n_embd": 2560, "n_layer": 32, "n_head": 32, "vocab_size": 51200},
    32,
    {
        "transformer.embd.wte.weight": (51200, 2560),
        "lm_head.ln.weight": (2560,),
        "lm_head.ln.bias": (2560,),
        "lm_head.linear.weight": (51200, 2560),
        "lm_head.linear.bias": (51200,),
    },
    {
        "transformer.h.{L}.ln.weight": (2560,),
        "transformer.h.{L}.ln.bias": (2560,),
        "transformer.h.{L}.mixer.Wqkv.weight": (7680, 2560),
        "transformer.h.{L}.mixer.Wqkv.bias": (7680,),
        "transformer.h.{L}.mixer.out_proj.weight": (2560, 2560),
        "transformer.h.{L}.mixer.out_proj.bias": (2560,),
        "transformer.h.{L}.mlp.fc1.weight": (10240, 2560),
        "transformer.h.{L}.mlp.fc1.bias": (10240,),
        "transformer.h.{L}.mlp.fc2.weight": (2560, 10240),
        "transformer.h.{L}.mlp.fc2.bias": (2560,),
    },
)

OLMO_1 = Listing(
    "allenai/OLMo-7B (first release)",
    {"model_type": "olmo", "d_model": 4096, "n_heads": 32, "n_layers": 32, "vocab_size": 50280},
    32,
    {"model.transformer.wte.weight": (50304, 4096), "model.transformer.ff_out.weight": (50304, 4096)},
    {
        "model.transformer.blocks.{L}.att_proj.weight": (12288, 4096),
        "model.transformer.blocks.{L}.attn_out.weight": (4096, 4096),
        "model.transformer.blocks.{L}.ff_proj.weight": (22016, 4096),
        "model.transformer.blocks.{L}.ff_out.weight": (4096, 11008),
    },
)

BERT_HUB = Listing(
    "google-bert/bert-base-uncased (hub file)",
    {
        "model_type": "bert",
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_attention_heads": 12,
        "num_hidden_layers": 12,
        "vocab_size": 30522,
    },
    12,
    {
        "bert.embeddings.word_embeddings.weight": (30522, 768),
        "bert.embeddings.position_embeddings.weight": (512, 768),
        "bert.embeddings.token_type_embeddings.weight": (2, 768),
        "bert.embeddings.LayerNorm.gamma": (768,),
        "bert.embeddings.LayerNorm.beta": (768,),
        "bert.pooler.dense.weight": (768, 768),
        "bert.pooler.dense.bias": (768,),
        "cls.predictions.bias": (30522,),
        "cls.predictions.transform.dense.weight": (768, 768),
        "cls.predictions.transform.dense.bias": (768,),
        "cls.predictions.transform.LayerNorm.gamma": (768,),
        "cls.predictions.transform.LayerNorm.beta": (768,),
        "cls.predictions.decoder.weight": (30522, 768),
        "cls.seq_relationship.weight": (2, 768),
        "cls.seq_relationship.bias": (2,),
    },
    {
        f"bert.encoder.layer.{{L}}.{name}": shape
        for stem, rows, columns in (
            ("attention.self.query", 768, 768),
            ("attention.self.key", 768, 768),
            ("attention.self.value", 768, 768),
            ("attention.output.dense", 768, 768),
            ("intermediate.dense", 3072, 768),
            ("output.dense", 768, 3072),
        )
        for name, shape in ((f"{stem}.weight", (rows, columns)), (f"{stem}.bias", (rows,)))
    }
    | {
        f"bert.encoder.layer.{{L}}.{norm}.LayerNorm.{slot}": (768,)
        for norm in ("attention.output", "output")
        for slot in ("gamma", "beta")
    },
)

DENSE = (YI_34B, BAICHUAN_13B, INTERNLM_7B, INTERNLM2_20B, QWEN_72B, CHATGLM3_6B, PHI_2_OLD, OLMO_1, BERT_HUB)
