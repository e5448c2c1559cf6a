"""The loader: a reference becomes a checkpoint, metadata held and weights readable by rows.

Reading order: the source lists files; the container finds the tensors in their headers; configuration, tokenizer
and card are read; names become roles. No weight is read on the way, except that small files are hashed whole.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from lineage_audit.checkpoint.card import read_claims
from lineage_audit.checkpoint.card.gguf_claims import claims_from_gguf
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.claims import Claims
from lineage_audit.checkpoint.composed import compose, split_reference
from lineage_audit.checkpoint.config import ArchConfig, complete_from_shapes, read_config
from lineage_audit.checkpoint.config.adapter_settings import config_of_adapter
from lineage_audit.checkpoint.config.gguf_metadata import config_from_gguf
from lineage_audit.checkpoint.digest import content_digest
from lineage_audit.checkpoint.formats import Container, read_container
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.quantization import gather
from lineage_audit.checkpoint.source import open_source
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.ollama import OllamaSource
from lineage_audit.checkpoint.source.witnessed import witnessed
from lineage_audit.checkpoint.tokenizer import read_vocabulary
from lineage_audit.checkpoint.tokenizer.gguf_vocabulary import vocabulary_from_gguf
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary
from lineage_audit.errors import UnreadableFileError

__all__ = ["Checkpoint", "open_checkpoint", "read_checkpoint", "split_reference"]


def open_checkpoint(ref: str) -> Checkpoint:
    """Open a local folder, a single file, a Hub repository (``org/name[@revision]``), or ``BASE+ADAPTER`` of these.

    Raises:
        LineageAuditError: it cannot be found or read; one line says why and what to do.
    """
    base, *added = (read_checkpoint(open_source(part)) for part in split_reference(ref))
    return reduce(compose, added, base)


def read_checkpoint(source: Source) -> Checkpoint:
    """Read what a source holds, all but the weights; Ollama's store may hold adapters to be put on the model."""
    adapters = source.adapters() if isinstance(source, OllamaSource) else ()
    return reduce(compose, map(read_checkpoint, adapters), _read_alone(source))


def _read_alone(source: Source) -> Checkpoint:
    container = read_container(source)
    source = witnessed(source, container.witnesses)
    config = _config(source, container)
    dequantized = replace(container, tensors=gather(source, container.tensors))
    tensors = map_names(dequantized.tensors, config)
    vocabulary, tokenizer_caveats = _vocabulary(source, container)
    claims, card_caveats = _claims(source, container)
    return Checkpoint(
        source=source,
        container=dequantized,
        config=config if container.adapter is not None else complete_from_shapes(config, tensors),
        vocabulary=vocabulary,
        claims=claims,
        tensors=tensors,
        caveats=container.caveats + tokenizer_caveats + card_caveats,
        digest=content_digest(source, container),
    )


def _config(source: Source, container: Container) -> ArchConfig:
    """Read the configuration: the weight file's own where it carries one."""
    if container.adapter is not None:
        return config_of_adapter(container.adapter)
    if container.format == "gguf":
        return config_from_gguf(container.values, container.files[0])
    return read_config(source)


def _vocabulary(source: Source, container: Container) -> tuple[Vocabulary | None, tuple[str, ...]]:
    """Read the tokenizer; a damaged one is a caveat, since the weights can speak without it."""
    inside = vocabulary_from_gguf(container.values, container.files[0]) if container.format == "gguf" else None
    if inside is not None:
        return inside, ()
    try:
        return read_vocabulary(source), ()
    except UnreadableFileError as error:
        return None, (f"tokenizer left out: {error}",)


def _claims(source: Source, container: Container) -> tuple[Claims, tuple[str, ...]]:
    """Read what card, licence files and, in the keys of GGUF, the weight file itself claim."""
    claims, caveats = read_claims(source)
    values = container.values if container.format == "gguf" else container.metadata
    return Claims(claims.items + claims_from_gguf(values, container.files[0]), claims.unread), caveats
