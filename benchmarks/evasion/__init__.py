"""What an adversary who read the source can do about it, measured on models of the zoo."""
