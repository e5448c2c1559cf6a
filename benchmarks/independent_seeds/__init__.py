"""Models that differ in their initialisation seed alone: the hardest honest example of `independent`."""
