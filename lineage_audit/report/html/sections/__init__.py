"""What a page says, one file a part of it."""
