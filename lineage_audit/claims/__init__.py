"""Claims held against weights."""
