"""Guess the role of tensors whose names no table knows, from their words and shapes."""

from lineage_audit.checkpoint.names.inference.guessing import infer
from lineage_audit.checkpoint.names.inference.splitting import split_guessed

__all__ = ["infer", "split_guessed"]
