"""Fingerprints: small files that stand for a model when its relatives are looked for."""

from __future__ import annotations

from lineage_audit.library.fingerprint.comparison import compare_fingerprints
from lineage_audit.library.fingerprint.file import (
    from_bytes,
    read_fingerprint,
    to_bytes,
    write_fingerprint,
)
from lineage_audit.library.fingerprint.opening import (
    make_or_read,
    open_fingerprint,
    sketch_subject,
)
from lineage_audit.library.fingerprint.sketching import sketch
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.library.recognition import is_fingerprint, is_fingerprint_reference

__all__ = [
    "Fingerprint",
    "compare_fingerprints",
    "from_bytes",
    "is_fingerprint",
    "is_fingerprint_reference",
    "make_or_read",
    "open_fingerprint",
    "read_fingerprint",
    "sketch",
    "sketch_subject",
    "to_bytes",
    "write_fingerprint",
]
