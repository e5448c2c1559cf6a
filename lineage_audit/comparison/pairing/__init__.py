"""Which tensor of A stands where a tensor of B stands."""
