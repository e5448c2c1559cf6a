"""Real repositories, without their weights: what of the names in their shard indexes the tables know."""
