"""What fingerprints can do: relations and parents in the lineage zoo, sizes, speed on a large library."""
