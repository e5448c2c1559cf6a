"""The yardstick: map two checkpoints and take the three dot products of every tensor pair with PyTorch, no more.

``python -m benchmarks.speed.bare_loop A B`` prints the number of pairs. Both folders hold the same tensors.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> int:
    """Go through the tensors in the order of A's files."""
    import torch
    from safetensors import safe_open

    a, b = (Path(folder) for folder in sys.argv[1:3])
    places = json.loads((b / "model.safetensors.index.json").read_text())["weight_map"]
    handles_b = {name: safe_open(b / name, "pt") for name in set(places.values())}
    sums = []
    for shard in sorted(a.glob("*.safetensors")):
        with safe_open(shard, "pt") as handle:
            for name in handle.offset_keys():
                x = handle.get_tensor(name).flatten().float()
                y = handles_b[places[name]].get_tensor(name).flatten().float()
                sums.append((torch.dot(x, y), torch.dot(x, x), torch.dot(y, y)))
    print(len(sums))
    return 0


if __name__ == "__main__":
    sys.exit(main())
