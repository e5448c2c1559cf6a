"""What no relabelling moves: a relation through any disguise, or its absence, from some MiB at any size.

Three questions, one a part, each asked under every order, sign and rotation that leaves a model's function alone:
key heads by their rotary frequencies over shared tokens (attention), channels and inner products of the tokens'
embeddings (embeddings), FFN units by a few rows of ``down`` (FFNs). What is matched is chosen by sizes alone, so that
the signs of it stay fair random signs under the null.
"""

from lineage_audit.comparison.invariants.aligning import align_by_invariants
from lineage_audit.comparison.invariants.asking import Invariants, ask_invariants

__all__ = ["Invariants", "align_by_invariants", "ask_invariants"]
