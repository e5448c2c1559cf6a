"""What can be moved in a model without a change: heads, rotary pairs, FFN units, and which architectures forbid it."""
