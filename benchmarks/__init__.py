"""Measurements of lineage-audit on models whose true lineage is known."""
