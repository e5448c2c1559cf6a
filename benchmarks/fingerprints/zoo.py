"""Fingerprints of the zoo's models, made once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.zoo.catalogue import Entry
from benchmarks.zoo.production import is_complete
from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.library.fingerprint import Fingerprint, from_bytes, sketch, to_bytes
from lineage_audit.library.fingerprint.parameters import SCHEME, SketchScheme


@dataclass(frozen=True, slots=True)
class Sketched:
    """Fingerprints by entry: as a file holds them, and as a subject is sketched on the spot."""

    zoo: Path
    scheme: SketchScheme = SCHEME
    _files: dict[str, Fingerprint] = field(default_factory=dict)
    _subjects: dict[str, Fingerprint] = field(default_factory=dict)

    def is_built(self, entry: Entry) -> bool:
        """Whether the model is there."""
        return is_complete(entry, self.zoo)

    def built(self, entries: Iterator[Entry]) -> list[Entry]:
        """Those that are there."""
        return [entry for entry in entries if self.is_built(entry)]

    def file(self, entry: Entry) -> Fingerprint:
        """What a fingerprint file of the model holds, written and read once."""
        if entry.folder not in self._files:
            made = sketch(open_checkpoint(str(self.zoo / entry.folder)), scheme=self.scheme)
            whole = self.scheme == SCHEME
            self._files[entry.folder] = from_bytes(to_bytes(made), entry.folder) if whole else made
        return self._files[entry.folder]

    def subject(self, entry: Entry) -> Fingerprint:
        """The model with all of its FFN units."""
        if entry.folder not in self._subjects:
            made = sketch(open_checkpoint(str(self.zoo / entry.folder)), every_unit=True)
            self._subjects[entry.folder] = made
        return self._subjects[entry.folder]
