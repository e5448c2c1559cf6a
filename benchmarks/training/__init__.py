"""Train small Llamas from seeds: a corpus found on every machine, a tokenizer, a training loop, a writer."""
