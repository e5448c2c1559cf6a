"""How two vocabularies compare, from the tokens with the smallest hashes that each model kept."""

from __future__ import annotations

import numpy as np

from lineage_audit.library.fingerprint.values import TokenSample
from lineage_audit.results import TokenizerFinding


def compare_samples(a: TokenSample | None, b: TokenSample | None) -> TokenizerFinding:
    """Estimate what the vocabularies share; where they are small enough, count it."""
    known_a, known_b = (one is not None and one.kind == "bytes" for one in (a, b))
    if a is None or b is None or not (known_a and known_b):
        which = "neither model has" if not (known_a or known_b) else "A has no" if known_b else "B has no"
        none = " a tokenizer that could be read" if not (known_a or known_b) else " tokenizer that could be read"
        return TokenizerFinding(which + none, _size(a), _size(b), 0, 0, None, None, None, (), ())
    if a.digest == b.digest:
        total = a.size + a.added
        summary = f"the same tokenizer: {total:,} tokens, same ids"
        return TokenizerFinding(summary, total, total, a.size, a.size, 1.0, 1.0, True, (), ())
    share, same_id = _shared(a, b)
    smaller = min(a.size, b.size)
    shared, same = round(share * smaller), round(same_id * smaller)
    about = "" if max(len(a.ids), len(b.ids)) >= max(a.size, b.size) else "about "
    kept = f", {about}{same:,} of them with the same id" if shared else ""
    return TokenizerFinding(
        summary=f"{about}{shared:,} of {smaller:,} tokens shared ({share:.0%}){kept}",
        a_size=a.size + a.added,
        b_size=b.size + b.added,
        shared=shared,
        same_id=same,
        shared_share=share,
        merges_shared=None,
        merges_in_order=None,
        added_only_a=(),
        added_only_b=(),
    )


def _size(sample: TokenSample | None) -> int:
    return sample.size + sample.added if sample is not None and sample.kind == "bytes" else 0


def _shared(a: TokenSample, b: TokenSample) -> tuple[float, float]:
    """Share of the smaller vocabulary that the other has, and that has the same id there, below a common hash."""
    limits = [int(one.hashes[-1]) for one in (a, b) if len(one.ids) < one.size]
    limit = min(limits, default=2**64 - 1)
    kept_a, kept_b = (one.hashes <= np.uint64(limit) for one in (a, b))
    _, at_a, at_b = np.intersect1d(a.hashes[kept_a], b.hashes[kept_b], assume_unique=False, return_indices=True)
    smaller = max(1, min(int(kept_a.sum()), int(kept_b.sum())))
    same = int((a.ids[kept_a][at_a] == b.ids[kept_b][at_b]).sum())
    return len(at_a) / smaller, same / smaller
