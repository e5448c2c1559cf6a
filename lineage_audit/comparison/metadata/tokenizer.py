"""How two tokenizers compare: tokens by their bytes, ids, merges. One tokenizer serves many independent models."""

from __future__ import annotations

import itertools

from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary
from lineage_audit.results import TokenizerFinding

_LISTED = 50
"""Added tokens listed on each side."""


def compare_tokenizers(a: Vocabulary | None, b: Vocabulary | None) -> TokenizerFinding:
    """Compare two vocabularies; either may be missing."""
    if a is None or b is None:
        which = "neither model has" if a is None and b is None else "A has no" if a is None else "B has no"
        none = " a tokenizer that can be read" if a is None and b is None else " tokenizer that can be read"
        return TokenizerFinding(which + none, a.size if a else 0, b.size if b else 0, 0, 0, None, None, None, (), ())
    shared, same_id = _shared(a, b)
    smaller = min(len(a.ids), len(b.ids))
    merges_shared, in_order = _compare_merges(a, b)
    return TokenizerFinding(
        summary=_sentence(a, b, shared, same_id),
        a_size=a.size,
        b_size=b.size,
        shared=shared,
        same_id=same_id,
        shared_share=shared / smaller if smaller else None,
        merges_shared=merges_shared,
        merges_in_order=in_order,
        added_only_a=tuple(sorted(a.added.keys() - b.added.keys())[:_LISTED]),
        added_only_b=tuple(sorted(b.added.keys() - a.added.keys())[:_LISTED]),
    )


def _shared(a: Vocabulary, b: Vocabulary) -> tuple[int, int]:
    """How many ordinary tokens both have, and how many of these with the same id."""
    if a.ids == b.ids:
        return len(a.ids), len(a.ids)
    return len(a.ids.keys() & b.ids.keys()), len(a.ids.items() & b.ids.items())


def _compare_merges(a: Vocabulary, b: Vocabulary) -> tuple[float | None, bool | None]:
    """Share of the shorter merge list that the other has too, and whether the shared rules keep their order."""
    if a.merges == b.merges:
        return (1.0, True) if a.merges.are_stated else (None, None)
    if not a.merges or not b.merges:
        return None, None
    rank_b = {merge: rank for rank, merge in enumerate(b.merges)}
    ranks = [rank_b[merge] for merge in a.merges if merge in rank_b]
    in_order = all(before < after for before, after in itertools.pairwise(ranks)) if ranks else None
    return len(ranks) / min(len(a.merges), len(b.merges)), in_order


def _sentence(a: Vocabulary, b: Vocabulary, shared: int, same_id: int) -> str:
    if a.ids == b.ids and a.added == b.added and a.merges == b.merges:
        return f"the same tokenizer: {a.size:,} tokens, same ids"
    if a.ids == b.ids and a.merges == b.merges:
        return f"the same {shared:,} ordinary tokens with the same ids; added tokens differ"
    smaller = max(1, min(len(a.ids), len(b.ids)))
    kept = f", {same_id:,} of them with the same id" if shared else ""
    return f"{shared:,} of {smaller:,} tokens shared ({shared / smaller:.0%}){kept}"
