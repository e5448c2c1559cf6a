"""A model's tokenizer as token bytes, whichever of the usual files it is kept in."""

from __future__ import annotations

from lineage_audit.checkpoint.tokenizer.reader import read_vocabulary
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary

__all__ = ["Vocabulary", "read_vocabulary"]
