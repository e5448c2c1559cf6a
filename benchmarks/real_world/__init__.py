"""Real published weights with known truth."""
