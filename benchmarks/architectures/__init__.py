"""Every model type of transformers, built small: what of it is mapped, and what a search finds of its copies."""
