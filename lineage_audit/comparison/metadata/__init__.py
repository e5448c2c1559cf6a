"""What two checkpoints say of themselves, compared before a weight is read: configuration, names, tokenizer."""
