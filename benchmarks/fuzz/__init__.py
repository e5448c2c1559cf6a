"""Coverage-guided fuzzing of everything that reads a file of a model repository."""
