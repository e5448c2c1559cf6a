"""Numbers that people quote in public, each beside what unrelated models give. None of them decides anything here."""

from lineage_audit.comparison.controls.beside import controls_of
from lineage_audit.comparison.controls.numbers import Compared

__all__ = ["Compared", "controls_of"]
