"""What the numbers that people quote give for unrelated trained models."""
