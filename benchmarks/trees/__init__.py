"""How right the family trees of zoo models are."""
