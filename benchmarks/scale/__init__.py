"""Pairs of models of true sizes, 7 to 671 billion parameters, of which nothing is stored.

A Hub on this machine computes every byte that is asked of it. Its models have the shapes, names, configurations and
vocabularies of published ones, but their weights are synthetic: drawn by place, with heavy tails, massive channels, and
what strangers that were trained on one corpus share. What is measured is the command itself, in a process of its own.

    python -m benchmarks.scale                                  # every pair, default effort
    python -m benchmarks.scale --shapes llama-3.1-8b --kinds independent permuted fine-tuned
    python -m benchmarks.scale --shapes llama-3.1-8b --strangers 200
    python -m benchmarks.scale --effort sample --option=--budget=32MiB -o table.json
    python -m benchmarks.scale.server 8123                      # the Hub alone, to look at a pair by hand:
    HF_ENDPOINT=http://127.0.0.1:8123 lineage-audit compare llama-3.1-8b/base llama-3.1-8b/permuted

A repository is called ``SHAPE/KIND`` (see `shapes.SHAPES` and `kinds.KINDS`), or ``SHAPE/KIND-n7`` for the seventh draw
of a kind. Bytes and requests are counted by the Hub. The column ``metadata`` is the processor time of a comparison that
reads no weights: start, tokenizers and headers.
"""
