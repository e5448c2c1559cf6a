"""Megatron's checkpoints with a file a rank: ``iter_0001000/mp_rank_01_003/model_optim_rng.pt``.

A rank of tensor parallelism holds its slice of a matrix, under the same name as the others; slices are joined where
roles are known (``names/shards.py``). A stage of a pipeline holds its layers, numbered from 0; here they are numbered
through. What the training was told stands beside the weights, under ``args``, and is the configuration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product

from msgspec.structs import replace

from lineage_audit.checkpoint.formats.megatron_ranks import Rank, ranks_of
from lineage_audit.checkpoint.formats.torch_pickle import FoundTensors, read_pytorch_files
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError, UnsupportedFormatError

_LAYER = re.compile(r"(?<![^.])layers\.(\d{1,6})(?=\.)", re.ASCII)
_OTHER_DIVISIONS: Mapping[str, str] = {
    "expert_model_parallel_size": "experts over machines",
    "virtual_pipeline_model_parallel_size": "the layers of a stage into several",
}
"""What a training is told to divide that is not put together here -> in words."""


def read_megatron(
    source: Source, files: Sequence[str], arguments: Mapping[str, object], wanted: str | None = None
) -> FoundTensors:
    """Find the tensors of all ranks; slices of a tensor stand under one name, in order. No weight is read.

    Args:
        source: where they are.
        files: as ``megatron_files`` gives them.
        arguments: what the training was told.
        wanted: the name of the set of weights that is read, where the files hold several.

    Raises:
        UnsupportedFormatError: the model is divided in a way that is not put together.
        UnreadableFileError: the file of a rank is missing.
        LineageAuditError: as ``read_pytorch``.
    """
    _refuse_other_divisions(arguments, files[0])
    ranks = list(ranks_of(files))
    _require_all(ranks)
    found = list(read_pytorch_files(source, files, wanted))
    first = _first_layers([(rank.stage, one.tensors) for rank, one in zip(ranks, found, strict=True)])
    return FoundTensors(
        tuple(
            _numbered_through(tensor, first[rank.stage])
            for rank, one in zip(ranks, found, strict=True)
            for tensor in one.tensors
        ),
        tuple(check for one in found for check in one.place_checks),
        tuple(left for one in found for left in one.left_out),
    )


def _refuse_other_divisions(arguments: Mapping[str, object], file: str) -> None:
    for key, what in _OTHER_DIVISIONS.items():
        count = arguments.get(key)
        if isinstance(count, int) and count > 1:
            raise UnsupportedFormatError(
                f"{file}: a Megatron checkpoint that divides {what} ({key} is {count}), which is not put together; "
                "give its Hugging Face export, or save it again as a distributed checkpoint (torch_dist)"
            )


def _require_all(ranks: Sequence[Rank]) -> None:
    """Raise where a rank between those that are here is missing."""
    here = {(rank.slice, rank.stage) for rank in ranks}
    slices, stages = (1 + max(numbers) for numbers in zip(*here, strict=True))
    missing = next((rank for rank in product(range(slices), range(stages)) if rank not in here), None)
    if missing is not None:
        raise UnreadableFileError(
            f"{ranks[0].file}: one of {slices * stages:,} ranks, of which {len(here):,} are here; "
            f"fetch slice {missing[0]} of stage {missing[1]} too"
        )


def _first_layers(stages: Sequence[tuple[int, tuple[StoredTensor, ...]]]) -> Mapping[int, int]:
    """For every stage the number of its first layer in the whole model."""
    layers = dict.fromkeys((stage for stage, _ in stages), 0)
    for stage, tensors in stages:
        numbers = (int(found[1]) for one in tensors if (found := _LAYER.search(one.name)) is not None)
        layers[stage] = max((1 + number for number in numbers), default=layers[stage])
    return {stage: sum(layers[before] for before in layers if before < stage) for stage in layers}


def _numbered_through(tensor: StoredTensor, first: int) -> StoredTensor:
    if not first:
        return tensor
    return replace(tensor, name=_LAYER.sub(lambda found: f"layers.{int(found[1]) + first}", tensor.name, count=1))
