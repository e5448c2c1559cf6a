"""Tensor name -> role: what every stored tensor is for, whatever its architecture calls it.

The tables in ``tables/`` say what a name means; ``fused.py`` and ``experts.py`` which rows of a fused or
stacked tensor belong to which role; ``context.py`` what depends on the other names of the checkpoint;
``shards.py`` how the slices of a tensor-parallel checkpoint join. Names that no table knows are looked up in
gguf's, and then guessed from words and shapes (``inference/``), which is marked on the reference. What remains is
``Role.OTHER``, never an error.
"""

from lineage_audit.checkpoint.names.mapping import map_names, unknown_names
from lineage_audit.checkpoint.names.patterns import name_pattern

__all__ = ["map_names", "name_pattern", "unknown_names"]
