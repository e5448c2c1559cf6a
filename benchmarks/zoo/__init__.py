"""The lineage zoo: small, really trained models whose every relation is known, and a report on all pairs of them."""
