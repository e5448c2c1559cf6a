"""What people held up in public disputes, each a score of its own: larger means more alike, None means no answer.

They are given more than they had: the project's loader finds each tensor's role, whatever its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.zoo.baselines.config_equality import config_equality
from benchmarks.zoo.baselines.gate_up_match import gate_up_match
from benchmarks.zoo.baselines.norm_vectors import norm_vector_cosine
from benchmarks.zoo.baselines.same_index import same_index_cosine
from benchmarks.zoo.baselines.sigma_curves import sigma_curve_correlation
from lineage_audit.checkpoint import Checkpoint

Baseline = Callable[[Checkpoint, Checkpoint], float | None]

BASELINES: Mapping[str, Baseline] = {
    "config-equality": config_equality,
    "norm-vector-cosine": norm_vector_cosine,
    "sigma-curves": sigma_curve_correlation,
    "same-index-cosine": same_index_cosine,
    "gate-up-match": gate_up_match,
}
