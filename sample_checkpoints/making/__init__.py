"""How the sample checkpoints are made: recipes, the two renamed dialects, cards and the command line."""
