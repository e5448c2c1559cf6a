"""How two architectures compare, field by field in one vocabulary. Equal configurations prove nothing of weights."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.checkpoint.config import FIELDS, ArchConfig, FieldValue
from lineage_audit.results import ArchitectureFinding, FieldComparison

_LABELS_ONLY = frozenset({"architecture", "model_type", "dtype", "quantization", "max_positions"})
"""Fields that a rename or a re-save changes without touching what the network computes."""


def compare_architectures(a: ArchConfig, b: ArchConfig, renames: Sequence[str]) -> ArchitectureFinding:
    """Compare every field that either model states, has by default or shows in its shapes.

    Args:
        a: A's architecture.
        b: B's architecture.
        renames: renamed tensors in short, for the sentence.
    """
    fields = tuple(_compare_field(name, a, b) for name in FIELDS if name in a.fields or name in b.fields)
    return ArchitectureFinding(_sentence(fields, renames), fields)


def _same_function(finding: ArchitectureFinding) -> bool:
    """Tell whether no field differs that the network's function depends on."""
    compared = [row for row in finding.fields if row.field not in _LABELS_ONLY]
    return bool(compared) and not any(row.status == "different" for row in compared)


def architecture_clause(finding: ArchitectureFinding, renames: Sequence[str]) -> str:
    """The finding as the beginning of a sentence."""
    if _same_function(finding):
        return _same_architecture(renames)
    return "different architectures" if finding.fields else "architectures unknown"


def _same_architecture(renames: Sequence[str]) -> str:
    return f"same architecture after {_count(len(renames), 'rename')}" if renames else "same architecture"


def _compare_field(name: str, a: ArchConfig, b: ArchConfig) -> FieldComparison:
    value_a, value_b = a.fields.get(name), b.fields.get(name)
    if value_a is None or value_b is None:
        status = "equal" if value_a is value_b else "only-b" if value_a is None else "only-a"
    else:
        status = "equal" if _same(value_a, value_b) else "different"
    return FieldComparison(
        field=name,
        a=None if value_a is None else printed(value_a),
        b=None if value_b is None else printed(value_b),
        status=status,  # type: ignore[arg-type]
        a_origin=a.origins.get(name),
        b_origin=b.origins.get(name),
    )


def _same(a: FieldValue, b: FieldValue) -> bool:
    """Equal values; integers and floats of one size are the same (``10000`` and ``10000.0``)."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return a == b


def printed(value: FieldValue) -> str:
    """A field value as a report shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, tuple):
        return ", ".join(printed(part) for part in value)
    return str(value)


def _sentence(fields: Sequence[FieldComparison], renames: Sequence[str]) -> str:
    compared = [row for row in fields if row.field not in _LABELS_ONLY and row.a is not None and row.b is not None]
    if not compared:
        return "no configuration to compare"
    different = [row for row in compared if row.status == "different"]
    if not different:
        return f"{_same_architecture(renames)}: all {len(compared)} fields that both state or imply are equal"
    shown = "; ".join(f"{FIELDS[row.field].label} {row.a} vs {row.b}" for row in different[:3])
    more = f" and {len(different) - 3} more" if len(different) > 3 else ""
    return f"{len(different)} of {len(compared)} fields differ: {shown}{more}"


def _count(number: int, noun: str) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    counted = words[number] if number < len(words) else f"{number:,}"
    return f"{counted} {noun}" + ("" if number == 1 else "s")
