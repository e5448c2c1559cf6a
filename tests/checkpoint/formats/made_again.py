"""One matrix in a GGUF file against the floats that it was made of: is it made again?"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.comparison.requantized import ask_requantization
from lineage_audit.results import RequantizedTensor

NAME = "blk.0.ffn_up.weight"


def _written(path: Path, blocks: np.ndarray, kind: gguf.GGMLQuantizationType) -> Checkpoint:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_tensor(NAME, blocks, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return open_checkpoint(str(path))


def held(folder: Path, floats: np.ndarray, blocks: np.ndarray, name: str) -> RequantizedTensor:
    a = _written(folder / "a.gguf", floats.astype(np.float16), gguf.GGMLQuantizationType.F16)
    b = _written(folder / "b.gguf", blocks, gguf.GGMLQuantizationType[name])
    measured = measure_all(a, b, plan_reading(pair_tensors(a, b).pairs, "full"), NoProgress())
    found = ask_requantization(a, b, measured.values(), is_whole=True)
    assert found is not None
    return found.tensors[0]
