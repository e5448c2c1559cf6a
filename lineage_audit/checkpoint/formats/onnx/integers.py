"""Integers with scales, as ONNX Runtime's quantiser stores matrices: ``(q - zero) * scale``.

``NAME_quantized`` holds int8 or uint8; ``NAME_scale`` and ``NAME_zero_point`` one value, or one for each output.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, columns_of, rows_of, whole
from lineage_audit.checkpoint.formats.onnx.naming import Naming
from lineage_audit.checkpoint.quantization.scheme import integer_rounding
from lineage_audit.checkpoint.tensors import StoredTensor

SUFFIX = "_quantized"
INTEGERS = frozenset({"I8", "U8"})


class _ScaledIntegers(Struct, frozen=True, eq=False, dict=True):
    """One matrix of integers with its scales and zero points.

    Attributes:
        codes: as stored, ``[out, in]``, or ``[in, out]`` where it is transposed.
        scales: one value, or one for each output.
        zeros: likewise, int32.
        is_transposed: the codes are stored ``[in, out]``.
        scheme: what a report calls it.
        bits: of one element.
        rounding: four times that of groups, since one scale serves a row or a whole matrix.
    """

    codes: StoredTensor
    scales: StoredTensor
    zeros: npt.NDArray[np.int32]
    is_transposed: bool
    scheme: str = "ONNX int8"
    bits: float = 8.0
    rounding: float = 4 * integer_rounding(8)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The rows' codes, and all scales."""
        if self.is_transposed:
            return columns_of(self.codes, low, high), whole(self.scales)
        return rows_of(self.codes, self.codes.shape[1], low, high), whole(self.scales)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Take the zero points off, and scale."""
        codes = arrays[0].T if self.is_transposed else arrays[0]
        with np.errstate(all="ignore"):
            centred = codes.astype(np.float32) - _of_rows(self.zeros, low, high)
            floats: FloatArray = (centred * _of_rows(arrays[1][:, 0], low, high)).astype(np.float32)
        return floats


def scaled_integers(
    codes: StoredTensor, scales: StoredTensor, zeros: Sequence[int], naming: Naming
) -> StoredTensor | None:
    """The float matrix that codes stand for, or None where scales and zero points do not fit it.

    Args:
        codes: the integers as stored.
        scales: F32, one or one for each output.
        zeros: the zero points; none where they are zero.
        naming: what the matrix is called, and whether it is transposed.
    """
    if len(codes.shape) != 2 or scales.dtype != "F32":
        return None
    shape = codes.shape[::-1] if naming.is_transposed else codes.shape
    if scales.size not in (1, shape[0]) or len(zeros) not in (0, 1, shape[0]):
        return None
    encoding = _ScaledIntegers(codes, scales, np.array(zeros or (0,), dtype=np.int32), naming.is_transposed)
    name = naming.name.removesuffix(SUFFIX)
    return StoredTensor(name, "INT8", shape, codes.file, codes.start, codes.stop, encoding=encoding)


def _of_rows(values: RawArray, low: int, high: int) -> FloatArray:
    """One value for all rows, or each row's own, as a column."""
    return (values if len(values) == 1 else values[low:high]).astype(np.float32)[:, None]
