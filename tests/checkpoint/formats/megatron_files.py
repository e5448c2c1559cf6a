"""One model as Megatron Core writes it: ``python -m tests.checkpoint.formats.megatron_files FOLDER``.

That is how ``goldens/megatron`` was made (Megatron Core 0.16, PyTorch 2.13): ``whole`` by one process, ``ranks`` by two
slices times two stages of a pipeline, a file each, and ``pieces`` by the same four as a distributed checkpoint.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests.models import Array

ARGUMENTS = {
    "num_layers": 2,
    "hidden_size": 16,
    "num_attention_heads": 4,
    "group_query_attention": True,
    "num_query_groups": 2,
    "kv_channels": 4,
    "ffn_hidden_size": 12,
    "padded_vocab_size": 32,
    "swiglu": True,
    "normalization": "RMSNorm",
    "norm_epsilon": 1e-5,
    "position_embedding_type": "rope",
    "untie_embeddings_and_output_weights": True,
}
"""What a training is told, under the names of its options."""


def weights() -> dict[str, Array]:
    """What was saved, whole."""
    rng = np.random.default_rng(0)
    in_layer = {
        "input_layernorm.weight": (16,),
        "self_attention.linear_qkv.weight": (32, 16),
        "self_attention.linear_qkv.bias": (32,),
        "self_attention.linear_proj.weight": (16, 16),
        "pre_mlp_layernorm.weight": (16,),
        "mlp.linear_fc1.weight": (24, 16),
        "mlp.linear_fc2.weight": (16, 12),
    }
    shapes = {
        "embedding.word_embeddings.weight": (32, 16),
        **{f"decoder.layers.{layer}.{name}": shape for layer in range(2) for name, shape in in_layer.items()},
        "decoder.final_layernorm.weight": (16,),
        "output_layer.weight": (32, 16),
    }
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def _without_gpus(torch: Any) -> None:
    """Let a library that is written for GPUs run on none."""
    plain = torch.tensor
    torch.tensor = lambda *values, device=None, **more: plain(*values, **more)  # noqa: ARG005
    torch.cuda.current_device = lambda: 0
    torch.cuda.synchronize = torch.cuda.empty_cache = lambda *_: None


def _save(rank: int, folder: Path, slices: int, stages: int, kinds: tuple[str, ...]) -> None:
    import torch
    import torch.distributed as dist

    _without_gpus(torch)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29541", RANK=str(rank), WORLD_SIZE=str(slices * stages))
    dist.init_process_group("gloo")
    from megatron.core import dist_checkpointing, parallel_state

    parallel_state.initialize_model_parallel(slices, stages)
    model = _model(torch, parallel_state, slices, stages)
    divided = {"tensor_model_parallel_size": slices, "pipeline_model_parallel_size": stages}
    told = argparse.Namespace(**ARGUMENTS, **divided, params_dtype=torch.float32)
    for kind in kinds:
        if kind == "pieces":
            (folder / kind).mkdir(exist_ok=True)
            dist_checkpointing.save({"model": model.sharded_state_dict(), "args": told}, str(folder / kind))
            continue
        number = f"mp_rank_{parallel_state.get_tensor_model_parallel_rank():02}"
        if stages > 1:
            number += f"_{parallel_state.get_pipeline_model_parallel_rank():03}"
        place = folder / kind / "iter_0000100" / number
        place.mkdir(parents=True)
        saved = {"args": told, "iteration": 100, "model": model.state_dict_for_save_checkpoint()}
        torch.save(saved, place / "model_optim_rng.pt")
    dist.barrier()
    dist.destroy_process_group()


def _model(torch: Any, parallel_state: Any, slices: int, stages: int) -> Any:
    from megatron.core.models.gpt.gpt_layer_specs import get_gpt_layer_local_spec
    from megatron.core.models.gpt.gpt_model import GPTModel
    from megatron.core.transformer.transformer_config import TransformerConfig

    torch.manual_seed(0)
    config = TransformerConfig(
        **{name: ARGUMENTS[name] for name in ("num_layers", "hidden_size", "num_attention_heads", "num_query_groups")},
        kv_channels=ARGUMENTS["kv_channels"],
        ffn_hidden_size=ARGUMENTS["ffn_hidden_size"],
        gated_linear_unit=True,
        add_bias_linear=False,
        add_qkv_bias=True,
        normalization="RMSNorm",
        use_cpu_initialization=True,
        pipeline_dtype=torch.float32,
        tensor_model_parallel_size=slices,
        pipeline_model_parallel_size=stages,
    )
    model = GPTModel(
        config,
        get_gpt_layer_local_spec(normalization="RMSNorm"),
        vocab_size=ARGUMENTS["padded_vocab_size"],
        max_sequence_length=16,
        pre_process=parallel_state.is_pipeline_first_stage(),
        post_process=parallel_state.is_pipeline_last_stage(),
        share_embeddings_and_output_weights=False,
        position_embedding_type="rope",
    )
    _fill(torch, model, parallel_state, slices, stages)
    return model


def _fill(torch: Any, model: Any, parallel_state: Any, slices: int, stages: int) -> None:
    """Give every rank its share of the same weights."""
    rank, first = parallel_state.get_tensor_model_parallel_rank(), parallel_state.get_pipeline_model_parallel_rank()
    layers = int(str(ARGUMENTS["num_layers"])) // stages
    whole = weights()
    for name, values in model.named_parameters():
        number = re.sub(r"(?<=layers\.)\d+", lambda found: str(int(found[0]) + first * layers), name)
        axis = values.partition_dim if getattr(values, "tensor_model_parallel", False) else None
        halves = np.split(whole[number], 2) if "linear_fc1" in name else [whole[number]]
        shares = halves if axis is None else [np.split(half, slices, axis)[rank] for half in halves]
        values.data.copy_(torch.from_numpy(np.concatenate(shares)))


if __name__ == "__main__":
    import torch.multiprocessing

    to = Path(sys.argv[1])
    torch.multiprocessing.spawn(_save, args=(to, 1, 1, ("whole",)), nprocs=1)
    torch.multiprocessing.spawn(_save, args=(to, 2, 2, ("ranks", "pieces")), nprocs=4)
