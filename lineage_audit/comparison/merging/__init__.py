"""Merges: which models went into one, by which method, with which weights."""

from __future__ import annotations

from lineage_audit.comparison.merging.naming import Kin, find_merge

__all__ = ["Kin", "find_merge"]
