"""Merges: which models went into one, by which method, with which weights."""

from __future__ import annotations

from lineage_audit.comparison.merging.naming import Ancestors, find_merge

__all__ = ["Ancestors", "find_merge"]
