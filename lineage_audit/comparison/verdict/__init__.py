"""Evidence becomes a verdict: the thresholds, what the tests carry, the rules in their order, and their words."""
