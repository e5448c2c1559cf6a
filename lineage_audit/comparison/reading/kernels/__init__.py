"""Where the sums over weights are taken: numpy on the processor, or PyTorch on a graphics card.

A kernel sees two blocks of corresponding rows and gives what :class:`BlockSums` lists; nothing else in a comparison
depends on the device. The kernel in use is a context variable, since it changes how a number is computed and never
what it means.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from lineage_audit.comparison.reading.kernels.block import BlockSums, Kernel, Rounding
from lineage_audit.comparison.reading.kernels.numpy_kernel import NumpyKernel
from lineage_audit.errors import LineageAuditError

__all__ = ["BlockSums", "Device", "Kernel", "Rounding", "active_kernel", "computing_on"]

Device = Literal["cpu", "cuda"]

_ACTIVE: ContextVar[Kernel | None] = ContextVar("kernel", default=None)


def active_kernel() -> Kernel:
    """The kernel that ``computing_on`` chose, else numpy's."""
    return _ACTIVE.get() or NumpyKernel()


@contextmanager
def computing_on(device: Device) -> Iterator[None]:
    """Use a device for everything inside.

    Raises:
        LineageAuditError: PyTorch is missing, or sees no graphics card.
    """
    token = _ACTIVE.set(_kernel_for(device))
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def _kernel_for(device: Device) -> Kernel:
    if device == "cpu":
        return NumpyKernel()
    try:
        import torch
    except ImportError:
        raise LineageAuditError("--device cuda needs PyTorch: pip install 'lineage-audit[torch]'") from None
    if not torch.cuda.is_available():
        raise LineageAuditError("PyTorch sees no CUDA device here; leave out --device cuda to use the processor")
    from lineage_audit.comparison.reading.kernels.torch_kernel import TorchKernel

    return TorchKernel("cuda")
