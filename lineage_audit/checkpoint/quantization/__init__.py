"""Quantised layouts: codes, scales and their companions become one logical tensor, dequantised as rows are read.

One file a scheme. A scheme is recognised by the tensors that are stored, their shapes and types; the configuration is
asked only for what they leave open.
"""

from lineage_audit.checkpoint.quantization.gathering import gather

__all__ = ["gather"]
