"""What was done to the weights on the way from A to B."""
