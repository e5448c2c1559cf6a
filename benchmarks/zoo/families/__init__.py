"""The architectures of the zoo in one vocabulary: what a tensor is, which axes it has, how a family stores it."""

from benchmarks.zoo.families.anatomy import Anatomy, anatomy_of
from benchmarks.zoo.families.axes import Weights
from benchmarks.zoo.families.conversion import Config, configured, restored, stored
from benchmarks.zoo.families.family import Family
from benchmarks.zoo.families.table import family_of

__all__ = ["Anatomy", "Config", "Family", "Weights", "anatomy_of", "configured", "family_of", "restored", "stored"]
