"""A quantisation made again: one model's numbers, rounded by the rules of the scheme that the other is stored in.

Where that gives the other's codes and scales, all of them, the other is a faithful quantisation and nothing else was
done to it. Where calibration data chose the codes (GPTQ, AWQ) no rule gives them; then only their distance from the
nearest rounding is told.
"""

from lineage_audit.comparison.requantized.asking import ask_requantization, with_sample_kept

__all__ = ["ask_requantization", "with_sample_kept"]
