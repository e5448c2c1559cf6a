"""GGUF, the file format of llama.cpp: header checked before it is trusted, blocks dequantised as rows are read."""

from lineage_audit.checkpoint.formats.gguf.container import read_gguf

__all__ = ["read_gguf"]
