"""A pickle interpreter that builds inert values only: nothing is imported, looked up or called by name.

The standard library's ``pickletools.genops`` decodes the opcodes and executes nothing. A global that the
caller lists becomes a ``Global``: a name, and a function *of ours* that makes a value of the arguments. Every
other global ends the reading with ``UnsafeFileError``. Object states (``BUILD``) are dropped, or kept as plain values
where that function made a record; there is no ``__setstate__`` to be run. Work and memory are bounded by the number
of opcodes.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable, Mapping
from typing import IO, NoReturn

from msgspec import Struct

from lineage_audit.errors import UnreadableFileError, UnsafeFileError

OPCODE_LIMIT = 3_000_000
"""About forty opcodes describe a tensor, so this is enough for 75,000 tensors in one file."""

KEY_LIMIT = 4096
"""Longest key of a dict, in letters or bytes: the same long key set a million times over would be compared as often."""

_INTEGER_BITS = 256
"""Longest integer; the longest real one, the magic number of old files, has 77 bits."""

_ARGUMENT_LIMIT = 16
_KEY_TYPES = (str, int, float, bytes, type(None))

Construct = Callable[[tuple[object, ...]], object]


class Global(Struct, frozen=True, eq=False):
    """A global that the pickle names and the caller allows.

    Attributes:
        name: ``module.name``.
        construct: makes the value of a call from its arguments; raises ValueError when they make no sense.
    """

    name: str
    construct: Construct


class Record(Struct, eq=False):
    """An object of which the attributes are of interest, as plain values; its class is only a name.

    Attributes:
        kind: the name.
        state: what the pickle says it holds; None before.
    """

    kind: str
    state: object = None


class Inert(Struct, frozen=True, eq=False):
    """A value of no interest here: a set, or the result of a harmless call."""

    kind: str


def load_pickle(
    stream: IO[bytes], file: str, allowed: Mapping[str, Construct], persistent: Construct | None = None
) -> object:
    """Interpret one pickle, up to its STOP opcode.

    Args:
        stream: where the pickle starts; left just behind STOP.
        file: the file's name, for messages.
        allowed: what makes a value of a global's arguments, for every ``module name`` that may occur.
        persistent: what makes a value of a persistent id; None where the pickle must not have any.

    Returns:
        Plain numbers, strings, bytes, lists, tuples, dicts, and what ``allowed`` and ``persistent`` make.
        Dict entries whose key is neither a plain scalar nor a record are dropped: they cannot name a tensor.

    Raises:
        UnsafeFileError: the pickle names a global that is not allowed.
        UnreadableFileError: the bytes are no pickle, or one too large.
    """
    machine = _Machine(file, allowed, persistent)
    try:
        for opcode, argument, _position in pickletools.genops(stream):
            if opcode.name == "STOP":
                break
            machine.execute(opcode.name, argument)
        return machine.pop()
    except (ValueError, OverflowError, struct.error) as error:
        reason = ascii(str(error))[1:-1][:100]
        raise UnreadableFileError(
            f"{file}: its pickle is damaged or cut short ({reason}); download the file again"
        ) from None


def is_key(value: object) -> bool:
    """Whether a value can be the key of a dict here.

    Raises:
        ValueError: it could, but is longer than any name.
    """
    if isinstance(value, (str, bytes)) and len(value) > KEY_LIMIT:
        raise ValueError("a key is longer than any name")
    return isinstance(value, (*_KEY_TYPES, Record))


class _Mark:
    """The one object of its kind that MARK puts on the stack."""


_MARK = _Mark()


class _Machine:
    """Stack and memo of one pickle. Damage is raised as ValueError."""

    def __init__(self, file: str, allowed: Mapping[str, Construct], persistent: Construct | None) -> None:
        self._file = file
        self._allowed = allowed
        self._persistent = persistent
        self._stack: list[object] = []
        self._memo: dict[object, object] = {}
        self._remaining = OPCODE_LIMIT

    def execute(self, name: str, argument: object) -> None:
        """Execute one opcode other than STOP."""
        self._spend(1)
        if name in _LITERALS:
            if isinstance(argument, int) and argument.bit_length() > _INTEGER_BITS:
                raise ValueError("an integer is longer than any size")
            self.push(argument)
        elif name in _OPERATIONS:
            _OPERATIONS[name](self)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self.top()
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self.recall(argument)
        elif name in ("GLOBAL", "INST"):
            self.push_global(str(argument))
            if name == "INST":
                self.call(self.pop(), tuple(self.pop_marked()))
        elif name not in ("PROTO", "FRAME"):
            self._refuse(f"uses {name}")

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def pop(self) -> object:
        """Take the top of the stack, which must not be a mark."""
        value = self.top()
        self._stack.pop()
        return value

    def top(self) -> object:
        """Look at the top of the stack, which must not be a mark."""
        if not self._stack or self._stack[-1] is _MARK:
            raise ValueError("a value is missing")
        return self._stack[-1]

    def pop_marked(self) -> list[object]:
        """Take everything above the last mark, and the mark."""
        items: list[object] = []
        while self._stack and self._stack[-1] is not _MARK:
            items.append(self._stack.pop())
        if not self._stack:
            raise ValueError("a mark is missing")
        self._stack.pop()
        items.reverse()
        return items

    def pop_several(self, count: int) -> list[object]:
        """Take the upper ``count`` values, in the order in which they were put."""
        return [self.pop() for _ in range(count)][::-1]

    def discard(self) -> None:
        """POP: drop the top of the stack, be it a value or a mark."""
        if not self._stack:
            raise ValueError("a value is missing")
        self._stack.pop()

    def memoize(self) -> None:
        """MEMOIZE: remember the top of the stack under the next number."""
        self._memo[len(self._memo)] = self.top()

    def recall(self, index: object) -> None:
        """GET: put a remembered value on the stack."""
        if index not in self._memo:
            raise ValueError("it refers to a value that was never stored")
        self.push(self._memo[index])

    def extend(self, items: list[object]) -> None:
        """APPENDS and ADDITEMS: add items to the list or set below them."""
        target = self.top()
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Inert):
            raise ValueError("items are added to what is not a list")

    def push_dict(self, items: list[object]) -> None:
        """DICT: make a dict of keys and values."""
        self.push({})
        self.store(items)

    def store(self, items: list[object]) -> None:
        """SETITEMS: add keys and values to the dict below them."""
        target = self.top()
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                if is_key(key):
                    target[key] = value
        elif not isinstance(target, Inert):
            raise ValueError("keys are set in what is not a dict")

    def push_global(self, name: str) -> None:
        """GLOBAL: put an allowed global, written ``module name``, on the stack.

        Raises:
            UnsafeFileError: it is not allowed.
        """
        construct = self._allowed.get(name)
        if construct is None:
            self._refuse(f"asks for {name.replace(' ', '.', 1)}")
        self.push(Global(name.replace(" ", "."), construct))

    def push_named_global(self) -> None:
        """STACK_GLOBAL: the same, module and name being on the stack."""
        module, name = self.pop_several(2)
        if not isinstance(name, str) or not isinstance(module, str):
            raise ValueError("the name of a global is not a string")
        self.push_global(f"{module} {name}")

    def call(self, target: object, arguments: object) -> None:
        """REDUCE, NEWOBJ and others: put what our own function makes of the arguments on the stack.

        A call costs as much work as the containers in its arguments are long.

        Raises:
            UnsafeFileError: what is called is not an allowed global.
        """
        if not isinstance(target, Global):
            self._refuse("calls a computed value")
        if not isinstance(arguments, tuple) or len(arguments) > _ARGUMENT_LIMIT:
            raise ValueError("the arguments of a call are not a short tuple")
        self._spend(sum(len(argument) for argument in arguments if isinstance(argument, (list, dict))))
        self.push(target.construct(arguments))

    def call_marked(self) -> None:
        """OBJ: target and arguments stand above the mark."""
        target, *arguments = self.pop_marked() or [None]
        self.call(target, tuple(arguments))

    def set_state(self) -> None:
        """BUILD: a record keeps its state; of everything else it is dropped."""
        state, target = self.pop(), self.top()
        if isinstance(target, Record):
            target.state = state

    def push_persistent(self) -> None:
        """BINPERSID: put the storage that the id names on the stack."""
        identity = self.pop()
        if self._persistent is None or not isinstance(identity, tuple):
            raise ValueError("a storage stands where none belongs")
        self.push(self._persistent(identity))

    def _spend(self, work: int) -> None:
        self._remaining -= work
        if self._remaining < 0:
            raise UnreadableFileError(f"{self._file}: its pickle has more than {OPCODE_LIMIT:,} steps; not read")

    def _refuse(self, what: str) -> NoReturn:
        plain = ascii(what)[1:-1][:100]
        raise UnsafeFileError(f"{self._file}: its pickle {plain}; not executed. Ask for a safetensors version.")


_LITERALS = frozenset(
    opcode.name
    for opcode in pickletools.opcodes
    if [after.name for after in opcode.stack_after]
    in (["int"], ["int_or_bool"], ["float"], ["str"], ["bytes"], ["bytes_or_str"], ["bytearray"])
)
"""Opcodes whose decoded argument is the value."""

_OPERATIONS: Mapping[str, Callable[[_Machine], object]] = {
    "NONE": lambda machine: machine.push(None),
    "NEWTRUE": lambda machine: machine.push(True),
    "NEWFALSE": lambda machine: machine.push(False),
    "EMPTY_TUPLE": lambda machine: machine.push(()),
    "EMPTY_LIST": lambda machine: machine.push([]),
    "EMPTY_DICT": lambda machine: machine.push({}),
    "EMPTY_SET": lambda machine: machine.push(Inert("set")),
    "TUPLE1": lambda machine: machine.push(tuple(machine.pop_several(1))),
    "TUPLE2": lambda machine: machine.push(tuple(machine.pop_several(2))),
    "TUPLE3": lambda machine: machine.push(tuple(machine.pop_several(3))),
    "TUPLE": lambda machine: machine.push(tuple(machine.pop_marked())),
    "LIST": lambda machine: machine.push(machine.pop_marked()),
    "FROZENSET": lambda machine: machine.push(Inert(f"frozenset of {len(machine.pop_marked())}")),
    "DICT": lambda machine: machine.push_dict(machine.pop_marked()),
    "APPEND": lambda machine: machine.extend(machine.pop_several(1)),
    "APPENDS": lambda machine: machine.extend(machine.pop_marked()),
    "ADDITEMS": lambda machine: machine.extend(machine.pop_marked()),
    "SETITEM": lambda machine: machine.store(machine.pop_several(2)),
    "SETITEMS": lambda machine: machine.store(machine.pop_marked()),
    "MARK": lambda machine: machine.push(_MARK),
    "POP": lambda machine: machine.discard(),
    "POP_MARK": lambda machine: machine.pop_marked(),
    "DUP": lambda machine: machine.push(machine.top()),
    "MEMOIZE": lambda machine: machine.memoize(),
    "STACK_GLOBAL": lambda machine: machine.push_named_global(),
    "REDUCE": lambda machine: machine.call(*machine.pop_several(2)),
    "NEWOBJ": lambda machine: machine.call(*machine.pop_several(2)),
    "NEWOBJ_EX": lambda machine: machine.call(*machine.pop_several(3)[:2]),
    "OBJ": lambda machine: machine.call_marked(),
    "BUILD": lambda machine: machine.set_state(),
    "BINPERSID": lambda machine: machine.push_persistent(),
}
"""Opcodes that work on the stack alone."""
