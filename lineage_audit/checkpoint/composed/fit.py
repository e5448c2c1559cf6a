"""Whether an adapter fits a base: names and shapes of its modules, no weight read."""

from __future__ import annotations

from dataclasses import dataclass

from lineage_audit.checkpoint.adapter import AdapterSettings, read_parts
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.base_modules import BaseModules, Module
from lineage_audit.checkpoint.composed.modules import updates_of


@dataclass(frozen=True, slots=True)
class ModuleFit:
    """How an adapter's modules fit a base.

    Attributes:
        fitting: modules that can be put on the base.
        missing: modules that the base has not.
        mismatched: modules of another shape, in a few words each.
    """

    fitting: tuple[str, ...]
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]

    @property
    def modules(self) -> int:
        """How many modules the adapter has."""
        return len(self.fitting) + len(self.missing) + len(self.mismatched)


def adapter_fit(base: Checkpoint, added: Checkpoint) -> ModuleFit:
    """Hold the names and shapes of an adapter's modules against a base; no weight is read.

    Raises:
        UnsupportedFormatError: the base is cut into tensor-parallel shards.
    """
    parts = read_parts(added.container.tensors)
    modules = BaseModules(base)
    settings = added.container.adapter or AdapterSettings("unknown")
    updates, _strange = updates_of(parts, settings, modules.width_of)
    modules.find_by_place(updates)
    fitting, missing, mismatched = [], [], []
    for pair in updates:
        held = modules.stored(pair)
        if held is None:
            missing.append(pair.module)
        elif modules.takes(pair):
            fitting.append(pair.module)
        else:
            mismatched.append(_difference(pair, modules.shape(pair)))
    return ModuleFit(tuple(fitting), tuple(missing), tuple(mismatched))


def _difference(pair: Module, shape: tuple[int, ...]) -> str:
    """Why a module does not fit its counterpart."""
    if shape == pair.shape:
        return f"{pair.module} is stored in one tensor with others in the base"
    return f"{pair.module} is {' x '.join(map(str, shape))} in the base and {pair.shape[0]} x {pair.shape[1]} here"
