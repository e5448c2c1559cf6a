"""Stored tensors that make up one quantised matrix are gathered into one logical tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from lineage_audit.checkpoint.dtypes import READABLE
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored
from lineage_audit.checkpoint.quantization.settings import read_settings
from lineage_audit.checkpoint.quantization.unknown import without_scheme
from lineage_audit.checkpoint.source.base import ByteRange, Source
from lineage_audit.checkpoint.tensors import StoredTensor

_NO_CODES = frozenset({"F64", "F32", "BF16", "F16"})
"""Types that no scheme stores codes in."""

_NOTE_LIMIT = 4096
"""Bytes of a companion that is read at once to learn the shape."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Tensors whose names fit a scheme."""

    scheme: Scheme
    stem: str
    tensors: Mapping[str, StoredTensor]


def gather(source: Source, tensors: Sequence[StoredTensor]) -> tuple[StoredTensor, ...]:
    """Put one logical tensor, in the place of its codes, for the stored ones of each quantised matrix.

    Tensors of no known scheme stay as they are, but for codes of an unknown one, which are marked as unread.

    Raises:
        UnreadableFileError: a description inside the files is damaged.
    """
    if all(tensor.dtype in _NO_CODES for tensor in tensors):
        return tuple(tensors)
    by_name = {tensor.name: tensor for tensor in tensors}
    if len(by_name) < len(tensors):
        return tuple(tensors)
    candidates, settings = list(_candidates(by_name)), read_settings(source)
    return without_scheme(_gathered(source, tensors, candidates, settings), settings)


def _gathered(
    source: Source, tensors: Sequence[StoredTensor], candidates: Sequence[_Candidate], settings: Mapping[str, object]
) -> tuple[StoredTensor, ...]:
    notes = _read_notes(source, candidates)
    logical: dict[str, StoredTensor] = {}
    taken: set[str] = set()
    for candidate in candidates:
        main = candidate.tensors[candidate.scheme.main]
        if main.name in taken:
            continue
        found = candidate.scheme.read(_stored(candidate, notes, settings))
        if found is not None:
            logical[main.name] = _logical(candidate, main, found)
            taken.update(tensor.name for tensor in candidate.tensors.values())
    return tuple(logical.get(one.name, one) for one in tensors if one.name in logical or one.name not in taken)


def _candidates(by_name: Mapping[str, StoredTensor]) -> Iterator[_Candidate]:
    """Every scheme that the names allow, matrix by matrix, in the schemes' order."""
    from lineage_audit.checkpoint.quantization.schemes import SCHEMES

    for scheme in SCHEMES:
        if not all(any(name.endswith(suffix) for name in by_name) for suffix in scheme.needs):
            continue
        suffixes = tuple(dict.fromkeys((scheme.main, *scheme.needs, *scheme.may_have, *scheme.notes)))
        for name in by_name:
            if not name.endswith(scheme.main):
                continue
            stem = name.removesuffix(scheme.main)
            if not all([stem + suffix in by_name for suffix in scheme.needs]):  # noqa: C419 - a list is faster here
                continue
            held = {suffix: by_name[stem + suffix] for suffix in suffixes if stem + suffix in by_name}
            if all(_is_plain(tensor) for tensor in held.values()):
                yield _Candidate(scheme, stem, held)


def _is_plain(tensor: StoredTensor) -> bool:
    return tensor.strides is None and tensor.dtype in READABLE and tensor.encoding is None


def _read_notes(source: Source, candidates: Iterable[_Candidate]) -> Mapping[str, bytes]:
    """Read the small companions that tell shapes, all at once; by name."""
    wanted = {
        tensor.name: ByteRange(tensor.file, tensor.start, tensor.stop)
        for candidate in candidates
        for suffix, tensor in candidate.tensors.items()
        if suffix in candidate.scheme.notes and tensor.stop - tensor.start <= _NOTE_LIMIT
    }
    return dict(zip(wanted, source.read_ranges(list(wanted.values())), strict=True))


def _stored(candidate: _Candidate, notes: Mapping[str, bytes], settings: Mapping[str, object]) -> Stored:
    own = {suffix: notes[one.name] for suffix, one in candidate.tensors.items() if one.name in notes}
    return Stored(candidate.stem, candidate.tensors, own, settings)


def _logical(candidate: _Candidate, main: StoredTensor, found: Encoded) -> StoredTensor:
    name = candidate.stem + candidate.scheme.logical
    beside = sum(one.stop - one.start for one in candidate.tensors.values()) - (main.stop - main.start)
    return replace(main, name=name, dtype=found.dtype, shape=found.shape, encoding=found.encoding, companions=beside)
