"""Write a certificate: ask every rule of the book, and keep the strongest answer."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.certificate.book import BOOK, WEAKEST_LOG10_P, DerivationRule
from lineage_audit.certificate.certificate import Certificate
from lineage_audit.certificate.identity import ModelIdentity, identify_model, seed_of
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison.adapters import is_about_adapters
from lineage_audit.comparison.pairing.layouts import with_known_layouts
from lineage_audit.errors import LineageAuditError
from lineage_audit.version import __version__


def certify_models(a: Checkpoint, b: Checkpoint) -> Certificate:
    """Certify that two models are not independent, by the rule that shows it best.

    Raises:
        LineageAuditError: no rule shows it, or one of the two does not stand alone.
    """
    require_whole(a, b)
    identity_a, identity_b = identify_model(a), identify_model(b)
    found = [made for rule in BOOK.values() if (made := certify_by(rule, a, b, identity_a, identity_b)) is not None]
    graded = [made for made in found if made.grade is not None]
    if not graded:
        raise LineageAuditError(
            f"no certificate: no rule shows that {identity_a.ref} and {identity_b.ref} are related ({_best_of(found)})"
        )
    return min(graded, key=lambda made: (made.grade != "exact", made.log10_p, -made.match_margin))


def _best_of(found: Sequence[Certificate]) -> str:
    """What came nearest, and what it lacks."""
    best = min(found, key=lambda made: made.log10_p, default=None)
    if best is None:
        return "none applies: they have no value dimensions, gated units or rotary keys in common"
    if best.log10_p > WEAKEST_LOG10_P:
        return f"log10 p {best.log10_p:.1f} at best; a certificate needs {WEAKEST_LOG10_P:.0f}"
    return f"at best a mean cosine of {best.effect:.2f}, and relabelling alone can plant {best.plantable:.2f}"


def certify_by(
    rule: DerivationRule, a: Checkpoint, b: Checkpoint, identity_a: ModelIdentity, identity_b: ModelIdentity
) -> Certificate | None:
    """What one rule gives; None where it does not apply."""
    seed = seed_of(identity_a.digest, identity_b.digest)
    derivation = rule.derive(*with_known_layouts(a, b), rule.kind, seed)
    if derivation is None:
        return None
    return Certificate(identity_a, identity_b, rule.name, seed, derivation, __version__)


def require_whole(a: Checkpoint, b: Checkpoint) -> None:
    """Make sure that both models have files of their own.

    Raises:
        LineageAuditError: one is an adapter, or composed of several.
    """
    if is_about_adapters(a, b) or a.composed_of or b.composed_of:
        raise LineageAuditError("certificates are about models that stand alone, not adapters or sums; name both whole")
