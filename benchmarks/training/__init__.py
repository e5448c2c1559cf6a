"""Train small language models from seeds: a corpus found on every machine, a tokenizer, a loop, a writer."""
