"""The globals that a PyTorch checkpoint may name, and what is made of their arguments: inert descriptions.

The rebuild functions follow ``torch/_utils.py`` as of PyTorch 0.4 to 2.13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lineage_audit.checkpoint.formats.pickle_machine import Construct, Global, Inert, Record, is_key
from lineage_audit.checkpoint.formats.torch_objects import (
    DTYPES,
    FOREIGN_BYTES,
    STORAGES,
    Dtype,
    Storage,
    UnreadableTensor,
    View,
    count,
    counts,
)


def _rebuild_tensor(arguments: tuple[object, ...]) -> View:
    """``(storage, offset, shape, strides, ...)``; what follows (gradients, hooks) is of no interest."""
    if len(arguments) < 4 or not isinstance(arguments[0], Storage):
        raise ValueError("a tensor has no storage")
    storage, (offset, shape, strides) = arguments[0], arguments[1:4]
    view = View(storage, storage.dtype, count(offset), counts(shape), counts(strides))
    if len(view.shape) != len(view.strides):
        raise ValueError("a tensor has more dimensions than strides, or fewer")
    return view


def _rebuild_tensor_v3(arguments: tuple[object, ...]) -> View:
    """``(storage, offset, shape, strides, requires_grad, hooks, dtype, ...)`` over an untyped storage."""
    if len(arguments) < 7 or not isinstance(arguments[6], Global):
        raise ValueError("a tensor has no element type")
    view = _rebuild_tensor(arguments)
    dtype = arguments[6].construct(())
    if not isinstance(dtype, Dtype):
        raise ValueError("a tensor has an unknown element type")
    return View(view.storage, dtype.name, view.offset, view.shape, view.strides)


def _rebuild_parameter(arguments: tuple[object, ...]) -> object:
    """``(tensor, requires_grad, hooks[, state])``."""
    if not arguments or not isinstance(arguments[0], (View, UnreadableTensor)):
        raise ValueError("a parameter holds no tensor")
    return arguments[0]


def _rebuild_from_type(arguments: tuple[object, ...]) -> object:
    """``(function, class, arguments, state)`` of a tensor whose class is plain."""
    if len(arguments) != 4:
        raise ValueError("a tensor of a class is not described as one")
    function, inner = arguments[0], arguments[2]
    if not isinstance(function, Global) or function.construct is _rebuild_from_type or not isinstance(inner, tuple):
        raise ValueError("a tensor of a class has no rebuild function")
    return function.construct(inner)


def _mapping(arguments: tuple[object, ...]) -> object:
    """A dict, empty or made of a dict or of key-value pairs; a factory before them is of no interest."""
    content = arguments[-1] if arguments else None
    if isinstance(content, dict):
        return content
    result: dict[object, object] = {}
    for pair in content if isinstance(content, list) else ():
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str) and is_key(pair[0]):
            result[pair[0]] = pair[1]
    return result


def _size(arguments: tuple[object, ...]) -> object:
    return counts(arguments[0]) if arguments else ()


def _inert(kind: str) -> Construct:
    return lambda _arguments: Inert(kind)


def _record(kind: str) -> Construct:
    return lambda _arguments: Record(kind)


def _unreadable(kind: str) -> Construct:
    return lambda _arguments: UnreadableTensor(kind)


def _dtype(name: str) -> Construct:
    return lambda _arguments: Dtype(name)


def _not_callable(_arguments: tuple[object, ...]) -> object:
    raise ValueError("a class is called that is only ever named")


_FUNCTIONS: Mapping[str, Construct] = {
    "torch._utils _rebuild_tensor": _rebuild_tensor,
    "torch._utils _rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils _rebuild_tensor_v3": _rebuild_tensor_v3,
    "torch._utils _rebuild_parameter": _rebuild_parameter,
    "torch._utils _rebuild_parameter_with_state": _rebuild_parameter,
    "torch._tensor _rebuild_from_type": _rebuild_from_type,
    "torch._tensor _rebuild_from_type_v2": _rebuild_from_type,
    "torch.tensor _rebuild_from_type": _rebuild_from_type,
    "torch Size": _size,
    "collections OrderedDict": _mapping,
    "collections defaultdict": _mapping,
    "collections Counter": _mapping,
    "builtins dict": _mapping,
    "__builtin__ dict": _mapping,
    "pytorch_lightning.utilities.parsing AttributeDict": _mapping,
    "lightning.pytorch.utilities.parsing AttributeDict": _mapping,
    "lightning_fabric.utilities.data AttributeDict": _mapping,
    "lightning.fabric.utilities.data AttributeDict": _mapping,
    "argparse Namespace": _record("argparse.Namespace"),
}

_UNREADABLE: Mapping[str, str] = {
    "_rebuild_sparse_tensor": "a sparse",
    "_rebuild_sparse_csr_tensor": "a sparse",
    "_rebuild_nested_tensor": "a nested",
    "_rebuild_qtensor": "a quantised",
    "_rebuild_meta_tensor_no_storage": "an empty (meta)",
}

_INERT_CLASSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("builtins", "__builtin__"),
        "set frozenset list tuple int long float complex bool str unicode bytes bytearray",
    ),
    (
        ("torch",),
        "device Generator per_tensor_affine per_channel_affine strided sparse_coo sparse_csr",
    ),
    (("torch.serialization",), "_get_layout"),
    (("torch.nn.parameter",), "Parameter Buffer"),
    (("_codecs",), "encode"),
    (("numpy",), "dtype ndarray"),
    (("numpy.core.multiarray", "numpy._core.multiarray"), "scalar _reconstruct"),
    (("numpy.core.numeric", "numpy._core.numeric"), "_frombuffer"),
    (("signal",), "Signals"),
    (("megatron.core.enums",), "ModelType Fp4Recipe Fp8Recipe"),
    (("megatron.model.enums", "megatron.legacy.model.enums"), "AttnMaskType AttnType LayerType ModelType"),
    (("megatron.core.transformer.enums",), "AttnBackend AttnMaskType AttnType CudaGraphScope LayerType"),
    (("datetime",), "datetime date time timedelta timezone"),
    (("pathlib", "pathlib._local"), "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath"),
)
"""Harmless things that stand next to the weights in real checkpoints, by module."""


def _named(modules: Iterable[str], names: Iterable[str]) -> list[str]:
    return [f"{module} {name}" for module in modules for name in names]


def _allowed_globals() -> dict[str, Construct]:
    """Join the tables; a global that is in none of them ends the reading."""
    allowed = dict(_FUNCTIONS)
    allowed.update({f"torch._utils {name}": _unreadable(kind) for name, kind in _UNREADABLE.items()})
    allowed.update({f"torch {name}": _dtype(dtype) for name, dtype in DTYPES.items()})
    allowed.update({f"torch {name}": _dtype(name) for name in FOREIGN_BYTES})
    for name in _named(("torch", "torch.cuda", "torch.storage"), (*STORAGES, "Tensor")):
        allowed[name] = _not_callable
    for modules, names in _INERT_CLASSES:
        for name in _named(modules, names.split()):
            allowed[name] = _inert(name.replace(" ", "."))
    return allowed


ALLOWED_GLOBALS: Mapping[str, Construct] = _allowed_globals()
"""Everything a checkpoint may name, written ``module name``, and what is made of its arguments."""
