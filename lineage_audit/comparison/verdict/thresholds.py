"""Every threshold of the tool, each with what it was set on; nothing else decides a verdict."""

from __future__ import annotations

from lineage_audit.comparison.evidence.base import DETECTION_LOG10_P
from lineage_audit.results import OperationKind

RELATED_LOG10_P = DETECTION_LOG10_P
"""Combined log10 p at which two models are called related."""

UNCLEAR_LOG10_P = -3.0
"""Combined log10 p below which they are not called independent either."""

LEAST_EFFECT = 0.03
"""Mean cosine (or share of units) that a relation has to have beside its p-value, over all or in one layer.

Less explains under a thousandth of the variance: with enough units such a p-value says that something is shared (a
way to start, a mean, a format), and not that weights were.
"""

CALIBRATED_LOG10_P = -50.0
CALIBRATED_EFFECT = 0.5
"""The wide margin that calibrated evidence needs to carry a verdict alone."""

WEAKEST_DETECTION = 0.25
"""Largest detection limit at which "nothing found" means independent."""

NUMBERS_EXPLAIN = 0.98
"""Derived share and compared share at which comparing number by number leaves nothing to search for."""

ALIGNMENT_GAIN = 0.02
"""Explained variance that an alignment of related models must add to be reported."""

ALIGNMENT_LEFT = 0.5
ALIGNMENT_COMPARED = 0.95
"""Or what it may leave of the unexplained variance, while it compares as much: folded norms explain little, but all."""


COPIED_UNCLEAR = 0.01
"""Share of bit-identical parameters beyond chance from which on models are not called independent."""

UNMOVED_SLOPE = 0.99
"""Slope of B on A from which A counts as unmoved since their common ancestor, so that a cut or a copy shows direction.

What training added to A itself would lower it: B's weights would not grow with A's.
"""

UNMOVED_SHARE = 0.5
"""What that slope may lack of one, as a share of how far the slope of A on B is from one."""

ROUNDED_SLOPE = 1e-4
"""And what it may lack in any case: rounding to bfloat16 takes 1e-5, a light fine-tune of a sibling 2e-3."""

EXPLAINS_ALL: frozenset[OperationKind] = frozenset(
    {"direction-ablated", "quantized", "pruned-unstructured", "pruned-n:m", "low-rank-truncated"}
)
"""Marks that show a direction only where they are the whole difference: the earlier model cannot have moved besides.

What rounding to few values adds is orthogonal to the later model, and what a projection or zeros take is part of the
earlier one, so that slopes say nothing of either.
"""

SMALL_SHARE = 0.5
"""Derived share below which the sentence says that only a part of B is meant."""

LEAST_EXPLAINED = 0.1
"""Explained variance below which, where no gains can tell, training is not claimed."""

LEAST_COMPARED = 0.5
"""Share of B's parameters with a counterpart below which "nothing found" means nothing."""

MOST_UNPLACED = 0.05
"""Share of B's parameters under names that say nothing, in A's shapes, above which nothing found means nothing."""

SHARED_TRAINING_GAINS = 0.3
"""Correlation of centred norm gains below which related weights point to one initialisation, not to training.

One initialisation trained on two corpora gave .17 and less, descendants .47 and more.
"""

CLEAR_TRAINING_GAINS = 0.7
"""The same from which on training was shared; between them a common start and common training are not told apart.

One initialisation trained on one corpus in another order gave .42, a child trained on for twice as long as its parent
.47 to .68, for as long .73.
"""

ROLE_KEPT = 0.5
"""Squared correlation of a whole role or layer (or of all weights) above which no question of initialisation arises.

One initialisation trained on two corpora kept .27 of the variance and less; MLPs that were taken and trained on, .6.
"""

FEWEST_LAYER_TESTS = 2
"""Exact tests of what layers hold that must be at chance before channels that agree are called a common basis."""

FEWEST_CHANNELS = 64
"""Channels that the norm-gain comparison needs to speak."""
