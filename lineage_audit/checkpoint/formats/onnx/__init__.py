"""ONNX: a graph's initialisers as a model's weights, found without loading the graph, let alone running it.

The protocol buffer is walked field by field, weights stepped over, so that any row is read from its place in the file
or in the external data beside it. No library is needed.
"""

from lineage_audit.checkpoint.formats.onnx.container import read_onnx

__all__ = ["read_onnx"]
