"""JSON from untrusted files: size, nesting and number of containers are bounded before anything is built.

The caller bounds the size in bytes (``read_whole``). Nesting is measured by counting brackets outside
strings with numpy, so a hostile file costs no more than one pass over its bytes, and ``json.loads`` never
recurses deeply.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lineage_audit.errors import UnreadableFileError

DEPTH_LIMIT = 100
"""Deepest nesting of arrays and objects; real configurations stay below 10."""
CONTAINER_LIMIT = 2_000_000
"""Most arrays and objects in one file; the largest real tokenizers (580,000 merges as pairs) have a third."""
VALUE_LIMIT = 3_000_000
"""Most commas in one file, which bounds the values; the largest real tokenizers have 2,000,000."""

_CHUNK = 2**16
_QUOTE = ord('"')


def _bracket_steps() -> npt.NDArray[np.int8]:
    steps = np.zeros(256, np.int8)
    steps[[ord("["), ord("{")]] = 1
    steps[[ord("]"), ord("}")]] = -1
    return steps


_STEPS = _bracket_steps()


Pairs = Callable[[list[tuple[str, object]]], object]
"""What makes an object of its keys and values, in the file's order."""


def each_key_once(complaint: str) -> Pairs:
    """Make dicts of objects in which no key stands twice, for :func:`parse_json`.

    Args:
        complaint: what is raised, as an UnreadableFileError, where one does.
    """

    def made(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise UnreadableFileError(complaint)
        return found

    return made


def parse_json(data: bytes, file: str, made_of: Pairs | None = None) -> object:
    """Parse UTF-8 JSON of bounded nesting.

    ``NaN`` and ``Infinity`` come back as floats and integers of any size Python converts (4,300 digits) as
    integers; callers check the values they use. Of a repeated key the last value stands.

    Args:
        data: the file's bytes, their number already bounded.
        file: the file's name, for the message.
        made_of: makes objects; a dict, in which the last of equal keys stands, unless given.

    Raises:
        UnreadableFileError: the file is not UTF-8, not JSON, or nested without measure.
    """
    _check_nesting(data, file)
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=made_of)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{file}: not UTF-8 text at byte {error.start:,}; fetch the file again") from error
    except json.JSONDecodeError as error:
        message = f"{file}: not valid JSON at line {error.lineno} ({error.msg}); fetch the file again"
        raise UnreadableFileError(message) from error
    except ValueError as error:
        raise UnreadableFileError(f"{file}: a number has more digits than can be converted") from error
    except RecursionError as error:
        raise UnreadableFileError(f"{file}: JSON is nested too deeply to be read") from error


def parse_json_object(data: bytes, file: str, made_of: Pairs | None = None) -> dict[str, object]:
    """Parse JSON whose outermost value must be an object; the arguments are those of ``parse_json``.

    Raises:
        UnreadableFileError: as ``parse_json``, or the outermost value is something else.
    """
    value = parse_json(data, file, made_of)
    if not isinstance(value, dict):
        raise UnreadableFileError(f"{file}: holds a JSON {type(value).__name__}, expected an object {{...}}")
    return value


def _check_nesting(data: bytes, file: str) -> None:
    """Bound the number of values, and depth and number of brackets outside strings, a chunk at a time."""
    if data.count(b",") > VALUE_LIMIT:
        raise UnreadableFileError(f"{file}: JSON has more than {VALUE_LIMIT:,} values")
    # Pairs of backslashes go first: a backslash left before a quote then means that the quote is escaped.
    unescaped = data.replace(rb"\\", b"").replace(rb"\"", b"")
    depth = containers = quotes_before = 0
    for start in range(0, len(unescaped), _CHUNK):
        chunk = np.frombuffer(unescaped, np.uint8, min(_CHUNK, len(unescaped) - start), start)
        quotes = np.flatnonzero(chunk == _QUOTE)
        steps = _STEPS[chunk]
        brackets = np.flatnonzero(steps)
        outside = (np.searchsorted(quotes, brackets) + quotes_before) % 2 == 0
        changes = steps[brackets[outside]].astype(np.int64)
        if changes.size:
            deepest = depth + int(np.cumsum(changes).max())
            depth += int(changes.sum())
            containers += int((changes > 0).sum())
            if deepest > DEPTH_LIMIT:
                raise UnreadableFileError(f"{file}: JSON is nested more than {DEPTH_LIMIT} levels deep")
            if containers > CONTAINER_LIMIT:
                raise UnreadableFileError(f"{file}: JSON has more than {CONTAINER_LIMIT:,} arrays and objects")
        quotes_before += len(quotes)
