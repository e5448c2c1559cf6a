"""A distributed checkpoint as four processes write it: ``python -m tests.checkpoint.formats.distcp_files FOLDER``.

That is how ``goldens/distcp`` was made (PyTorch 2.13): rows in four pieces, rows and columns in two by two, experts
one a machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.models import Array

PROCESSES = 4
_SHAPES: Mapping[str, tuple[int, ...]] = {
    "model.embed_tokens.weight": (14, 8),
    "model.norm.weight": (8,),
    "model.layers.0.self_attn.q_proj.weight": (8, 8),
    "model.layers.0.mlp.experts.gate_up_proj": (3, 6, 8),
    "model.layers.0.mlp.experts.down_proj": (3, 8, 3),
    "model.layers.0.input_layernorm.weight": (8,),
}
IN_SQUARES = "model.layers.0.self_attn.q_proj.weight"
WHOLE = "model.layers.0.input_layernorm.weight"


def weights() -> dict[str, Array]:
    """What was saved."""
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in _SHAPES.items()}


def _save(rank: int, folder: str) -> None:
    import torch
    import torch.distributed as dist
    import torch.distributed.checkpoint as dcp
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29533", RANK=str(rank), WORLD_SIZE=str(PROCESSES))
    dist.init_process_group("gloo")
    row, square = init_device_mesh("cpu", (PROCESSES,)), init_device_mesh("cpu", (2, 2))
    saved: dict[str, Any] = {}
    for name, values in weights().items():
        whole = torch.from_numpy(values)
        if name == IN_SQUARES:
            saved[name] = distribute_tensor(whole, square, [Shard(0), Shard(1)])
        else:
            saved[name] = whole if name == WHOLE else distribute_tensor(whole, row, [Shard(0)])
    moments = {"state": {name: {"exp_avg": torch.zeros(2)} for name in saved}}
    dcp.save({"model": saved, "optimizer": moments, "epoch": 3}, checkpoint_id=folder)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    import torch.multiprocessing

    torch.multiprocessing.spawn(_save, args=(sys.argv[1],), nprocs=PROCESSES)
