"""JSON that every reader reads alike: no key stands twice in an object, so that no two verifiers see two documents."""

from __future__ import annotations

from lineage_audit.checkpoint.bounded_json import each_key_once, parse_json
from lineage_audit.errors import UnreadableFileError


def parse_strictly(data: bytes, name: str) -> dict[str, object]:
    """Parse an untrusted JSON object.

    Args:
        data: its bytes, their number already bounded.
        name: stands in error messages.

    Raises:
        UnreadableFileError: it is no JSON object, or a key of an object stands twice.
    """
    complaint = f"{name}: a key stands twice in one object, which readers read differently"
    document = parse_json(data, name, each_key_once(complaint))
    if not isinstance(document, dict):
        raise UnreadableFileError(f"{name}: holds a JSON {type(document).__name__}, expected an object {{...}}")
    return document
