"""Models that are written as a sum: ``BASE+ADAPTER`` and ``BASE+DELTA``, composed as rows are read.

Nothing is merged on disk or in memory: a composed tensor is an encoding that asks for the base's rows and for what is
put on them. So every comparison works on a composed model as on any other.
"""

from lineage_audit.checkpoint.composed.references import split_reference

__all__ = ["split_reference"]
