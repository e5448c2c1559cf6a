"""Family trees: many fingerprints, every pair compared, and who stands between whom."""

from __future__ import annotations

from lineage_audit.library.trees.growing import grow_tree

__all__ = ["grow_tree"]
