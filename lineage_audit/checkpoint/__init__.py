"""The loader: a reference becomes a checkpoint, metadata held and weights readable by rows.

Reading order: the source lists files; the container finds the tensors in their headers; configuration, tokenizer
and card are read; names become roles. No weight is read on the way, except that small files are hashed whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from lineage_audit.checkpoint.card import read_claims
from lineage_audit.checkpoint.card.gguf_claims import claims_from_gguf
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.claims import Claims
from lineage_audit.checkpoint.completeness import layers_missing, unmerged_adapter
from lineage_audit.checkpoint.composed import split_reference
from lineage_audit.checkpoint.config import complete_from_shapes
from lineage_audit.checkpoint.config.of_container import config_of
from lineage_audit.checkpoint.copies import restated_head, weights_beside
from lineage_audit.checkpoint.coverage import coverage_of, unread_sentences
from lineage_audit.checkpoint.digest import content_digest, weight_files
from lineage_audit.checkpoint.formats import Container, read_container
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.quantization import gather
from lineage_audit.checkpoint.source import open_source
from lineage_audit.checkpoint.source.archived import opened_archive
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.held import RecordedSource
from lineage_audit.checkpoint.source.ollama import OllamaSource
from lineage_audit.checkpoint.source.place_checks import with_place_checks
from lineage_audit.checkpoint.tokenizer import read_vocabulary
from lineage_audit.checkpoint.tokenizer.gguf_vocabulary import vocabulary_from_gguf
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary
from lineage_audit.errors import UnreadableFileError

__all__ = ["Checkpoint", "open_checkpoint", "read_checkpoint", "split_reference"]


def open_checkpoint(ref: str, weights: str | None = None) -> Checkpoint:
    """Open a local folder, a single file, a Hub repository (``org/name[@revision]``), or ``BASE+ADAPTER`` of these.

    Args:
        ref: the reference.
        weights: the name of the set of weights that is read, where a training checkpoint holds several.

    Raises:
        LineageAuditError: it cannot be found or read; one line says why and what to do.
    """
    base, *added = split_reference(ref)
    return _with_added(
        read_checkpoint(open_source(base), weights), (read_checkpoint(open_source(part)) for part in added)
    )


def read_checkpoint(source: Source, weights: str | None = None) -> Checkpoint:
    """Read what a source holds, all but the weights; Ollama's store may hold adapters to be put on the model."""
    adapters = source.adapters() if isinstance(source, OllamaSource) else ()
    return _with_added(_read_alone(source, weights), map(read_checkpoint, adapters))


def _with_added(base: Checkpoint, added: Iterable[Checkpoint]) -> Checkpoint:
    """A base with adapters or delta checkpoints on it, one after the other."""
    for one in added:
        from lineage_audit.checkpoint.composed.composing import compose

        base = compose(base, one)
    return base


def _read_alone(source: Source, weights: str | None) -> Checkpoint:
    source = opened_archive(source)
    container = read_container(source, weights)
    source = with_place_checks(source, container.place_checks)
    config, config_caveats = config_of(source, container)
    dequantized = replace(container, tensors=gather(source, container.tensors))
    tensors = map_names(dequantized.tensors, config)
    vocabulary, tokenizer_caveats = _vocabulary(source, container)
    claims, card_caveats = _claims(source, container)
    left_out = (
        *container.left_out,
        *weights_beside(source, container, tensors),
        *layers_missing(config, tensors),
        *unmerged_adapter(container),
    )
    files = weight_files(source, container)
    unhashed = [file.file for file in files if file.sha256 is None]
    return Checkpoint(
        source=RecordedSource(source, unhashed) if unhashed else source,
        container=dequantized,
        config=config if container.adapter is not None else complete_from_shapes(config, tensors),
        vocabulary=vocabulary,
        claims=claims,
        tensors=tensors,
        caveats=(
            *(left.sentence for left in left_out),
            *unread_sentences(coverage_of(tensors, dequantized.tensors)),
            *config_caveats,
            *tokenizer_caveats,
            *card_caveats,
        ),
        digest=content_digest(files, container),
        files=files,
        left_out=left_out,
        restated=restated_head(source, config, tensors),
    )


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
    return replace(claims, stated=claims.stated + claims_from_gguf(values, container.files[0])), caveats
