"""How fast the comparison is and how much memory it takes, on checkpoints of the shapes that people publish."""
