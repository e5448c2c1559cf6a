"""Do B's answers lean to A more than those of models that have nothing to do with either?

The null: B is to A as the controls are, and A is to B as they are. Then B and the controls can be exchanged, and so
can A and the controls, and the rank of B among them is as likely to be any as any other: with k controls no p-value is
below 1 / (k + 1). Both ranks are taken, and the worse one stands: what A and B merely learned from one corpus, controls
of that corpus have with one of them as well.

If none of the models had to do with another, and all were drawn alike, any pair of them would be as likely to have most
in common as any other: A and B once in (k + 1) (k + 2) / 2 times. So what the controls share among themselves is kept.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from lineage_audit.behaviour.gram import Floats, Gram, resampled

_DRAWS = 400
_INTERVAL = (2.5, 97.5)

_RIDGE = 1e-6
"""Share of the mean diagonal that is added to it: two models that answer alike leave nothing to divide by."""


class Leaning(Struct, frozen=True, eq=False):
    """What was measured of A, B and the controls.

    Attributes:
        effect: the partial correlation of A and B.
        low: the lower end of its 95% interval, over passages.
        high: the upper end.
        to_a: the partial correlation of each control with A.
        to_b: of each control with B.
        among: of all controls with each other, ``[controls, controls]``, none with itself.
        p_value: the share of ranks that are as good; the larger of two.
        unlike: how many times as much of A's and of B's answers the controls leave unexplained as of a control's, the
            median one; the smaller of two.
    """

    effect: float
    low: float
    high: float
    to_a: Floats
    to_b: Floats
    among: Floats
    p_value: float
    unlike: float

    @property
    def largest_control(self) -> float:
        """The strongest lean of a control, to A or to B."""
        return float(max(self.to_a.max(initial=0.0), self.to_b.max(initial=0.0)))

    @property
    def closest_controls(self) -> float:
        """The most that two controls have in common."""
        return float(self.among.max(initial=0.0))


def leaning(gram: Gram, draws: int = _DRAWS) -> Leaning:
    """Measure the lean of the second model of a matrix to the first; all others are controls.

    Args:
        gram: the inner products of A, B and the controls.
        draws: how often passages are drawn anew for the interval; without any it is the effect alone.
    """
    found = partial_correlations(gram.whole)
    effect = float(found[0, 1])
    drawn = [partial_correlations(matrix)[0, 1] for matrix in resampled(gram, draws)]
    low, high = np.percentile(drawn or [effect], _INTERVAL)
    to_a, to_b, among = found[0, 2:], found[1, 2:], found[2:, 2:] - np.eye(len(found) - 2)
    p_value = max(_rank(effect, to_a), _rank(effect, to_b))
    unlike = _unlike(gram.whole)
    return Leaning(effect, min(effect, float(low)), max(effect, float(high)), to_a, to_b, among, p_value, unlike)


def _unlike(gram: Floats) -> float:
    """Whether A and B are both another kind of model than the controls, which then say nothing of them."""
    controls = list(range(2, len(gram)))
    usual = float(np.median(_unexplained_shares(gram[2:, 2:])))
    of_both = (_unexplained_shares(gram[np.ix_([one, *controls], [one, *controls])])[0] for one in (0, 1))
    return float(min(of_both)) / usual


def _rank(effect: float, controls: Floats) -> float:
    """The p-value of a rank among exchangeable ones; ties count against it."""
    return float((1 + (controls >= effect).sum()) / (1 + len(controls)))


def partial_correlations(gram: Floats) -> Floats:
    """Of every pair of models given all others, ``[models, models]``, each with itself 1."""
    precision = _precision(gram)
    scale = np.sqrt(np.diag(precision))
    found: Floats = -precision / np.outer(scale, scale)
    np.fill_diagonal(found, 1.0)
    return found


def _unexplained_shares(gram: Floats) -> Floats:
    """How much of each model's answers no mix of all others explains: one less R squared, ``[models]``."""
    shares: Floats = 1 / (np.diag(_precision(gram)) * np.diag(gram))
    return shares


def _precision(gram: Floats) -> Floats:
    ridge = _RIDGE * np.trace(gram) / len(gram)
    inverse: Floats = np.linalg.inv(gram + ridge * np.eye(len(gram)))
    return inverse
