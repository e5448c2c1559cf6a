"""Comparisons with an adapter that stands alone, without its base.

An adapter and a base: do names and shapes fit? Two adapters: are they of one training? An adapter together with its
base is a model like any other, written ``BASE+ADAPTER``, and is compared as one.
"""

from lineage_audit.comparison.adapters.comparing import compare_adapters, is_about_adapters

__all__ = ["compare_adapters", "is_about_adapters"]
