"""Comparisons with an adapter that stands alone, without its base.

An adapter and a base: do names and shapes fit? Two adapters: are they of one training? An adapter together with its
base is a model like any other, written ``BASE+ADAPTER``, and is compared as one.
"""

from __future__ import annotations

from lineage_audit.checkpoint import Checkpoint

__all__ = ["is_about_adapters"]


def is_about_adapters(a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether one of the two is an adapter without its base."""
    return a.container.adapter is not None or b.container.adapter is not None
