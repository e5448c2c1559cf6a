"""The loader: a reference becomes a checkpoint, metadata held and weights readable by rows.

Reading order: the source lists files; the container finds the tensors in their headers; configuration, tokenizer
and card are read; names become roles. No weight is read on the way, except that small files are hashed whole.
"""

from __future__ import annotations

from lineage_audit.checkpoint.card import read_claims
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.config import complete_from_shapes, read_config
from lineage_audit.checkpoint.digest import content_digest
from lineage_audit.checkpoint.formats import read_container
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.source import open_source
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tokenizer import read_vocabulary
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary
from lineage_audit.errors import UnreadableFileError

__all__ = ["Checkpoint", "open_checkpoint", "read_checkpoint"]


def open_checkpoint(ref: str) -> Checkpoint:
    """Open a local folder, a single file or a Hub repository (``org/name[@revision]``).

    Raises:
        LineageAuditError: it cannot be found or read; one line says why and what to do.
    """
    return read_checkpoint(open_source(ref))


def read_checkpoint(source: Source) -> Checkpoint:
    """Read what a source holds, all but the weights."""
    container = read_container(source)
    config = read_config(source)
    tensors = map_names(container.tensors, config)
    vocabulary, tokenizer_caveats = _vocabulary(source)
    claims, card_caveats = read_claims(source)
    return Checkpoint(
        source=source,
        container=container,
        config=complete_from_shapes(config, tensors),
        vocabulary=vocabulary,
        claims=claims,
        tensors=tensors,
        caveats=tokenizer_caveats + card_caveats,
        digest=content_digest(source, container),
    )


def _vocabulary(source: Source) -> tuple[Vocabulary | None, tuple[str, ...]]:
    """Read the tokenizer; a damaged one is a caveat, since the weights can speak without it."""
    try:
        return read_vocabulary(source), ()
    except UnreadableFileError as error:
        return None, (f"tokenizer left out: {error}",)
