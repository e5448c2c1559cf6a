"""Partial correlations: what two models' answers share that no mix of the other models' answers explains.

Taking off the mean of the controls leaves what some of them have in common: a corpus, a language, a size. Taking off
the mix of them that fits best leaves what none of them has. All partial correlations of a set of models stand in the
inverse of its matrix of inner products.
"""

from __future__ import annotations

import numpy as np

from lineage_audit.behaviour.gram import Floats

_RIDGE = 1e-6
"""Share of the mean diagonal that is added to it: two models that answer alike leave nothing to divide by."""


def partial_correlations(gram: Floats) -> Floats:
    """Of every pair of models given all others, ``[models, models]``, each with itself 1."""
    precision = _precision(gram)
    scale = np.sqrt(np.diag(precision))
    found: Floats = -precision / np.outer(scale, scale)
    np.fill_diagonal(found, 1.0)
    return found


def unexplained_shares(gram: Floats) -> Floats:
    """How much of each model's answers no mix of all others explains: one less R squared, ``[models]``."""
    shares: Floats = 1 / (np.diag(_precision(gram)) * np.diag(gram))
    return shares


def _precision(gram: Floats) -> Floats:
    ridge = _RIDGE * np.trace(gram) / len(gram)
    inverse: Floats = np.linalg.inv(gram + ridge * np.eye(len(gram)))
    return inverse
