"""Small trained models on which a verdict may go wrong: starts in common, imitated teachers, other architectures."""
