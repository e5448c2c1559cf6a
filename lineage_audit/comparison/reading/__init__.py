"""How much is read, and one pass over it: planned, streamed, decoded, and kept as sums that do not grow."""
