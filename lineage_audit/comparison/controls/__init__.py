"""Numbers that people quote in public, each beside what unrelated models give. None of them decides anything here."""

from lineage_audit.comparison.controls.beside import controls_of, figures_of, with_further
from lineage_audit.comparison.controls.of_weights import quoted_of_weights
from lineage_audit.comparison.controls.quoted import CURVE_ROLES, FEWEST_LAYERS, Curve, Norm, Quoted

__all__ = [
    "CURVE_ROLES",
    "FEWEST_LAYERS",
    "Curve",
    "Norm",
    "Quoted",
    "controls_of",
    "figures_of",
    "quoted_of_weights",
    "with_further",
]
