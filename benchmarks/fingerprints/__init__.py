"""What fingerprints can do: relations on the lineage zoo, the true parent among many, sizes, and speed as a shelf grows."""
