"""The rules of a verdict about adapters, in order: the first that holds decides. Levels are those of all verdicts.

Of two adapters: equal starts and common training cannot be told apart by a test (``adapters/evidence.py``), so a
rejection is ``shared-origin``; ``derived`` needs whole modules that are bit-identical, the half that started at zero
included. Of an adapter and a base: names and shapes prove no lineage; only tensors that the adapter holds whole, which
started as the base's own, can show one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec import Struct

from lineage_audit.checkpoint.composed.fit import ModuleFit
from lineage_audit.comparison.adapters.evidence import TRAINED_HALF, UPDATES
from lineage_audit.comparison.adapters.factors import ModuleAgreement, SharedModules
from lineage_audit.comparison.verdict.findings import Letter, other_than
from lineage_audit.comparison.verdict.standing import combined_log10_p, detection_limit, strongest
from lineage_audit.comparison.verdict.thresholds import ADAPTERS, INDEPENDENCE, RELATION
from lineage_audit.comparison.verdict.wording import NOT_THEFT
from lineage_audit.results import RELATED, Evidence, Relation, Verdict

_START_OR_TRAINING = (
    "Equal starts and common training look alike here: many adapters start from one default seed, and on one data set "
    "they then end alike. Whether one was trained on from the other is not shown."
)
_LISTED = 3


class AdapterFindings(Struct, frozen=True):
    """Everything that a verdict about two adapters is made from.

    Attributes:
        shared: modules that both have, and those that one lacks.
        modules: what was measured of them.
        evidence: all tests.
        same_scaling: both scale every shared module alike.
        same_rest: both hold the same beside their factors.
        broken: why the exact tests do not hold, or None.
        caveats: what could not be read.
    """

    shared: SharedModules
    modules: Sequence[ModuleAgreement]
    evidence: tuple[Evidence, ...]
    same_scaling: bool
    same_rest: bool
    broken: str | None
    caveats: tuple[str, ...]

    @property
    def copied(self) -> int:
        """Modules that are bit-identical after training."""
        return sum(module.is_copied for module in self.modules)

    @property
    def are_same_factors(self) -> bool:
        """Whether both have the same modules, all were measured, and every factor is bit-identical."""
        left = self.shared.only_a or self.shared.only_b or self.shared.mismatched
        is_complete = bool(self.modules) and not left and len(self.modules) == len(self.shared.pairs)
        return is_complete and all(module.equal == module.elements for module in self.modules)

    @property
    def exact(self) -> float | None:
        """The combined bound of the exact tests, or None."""
        return combined_log10_p(self.evidence)

    @property
    def limit(self) -> float | None:
        """The detection limit, or None."""
        return detection_limit(self.evidence)

    def effect(self, test_id: str) -> float | None:
        """The effect of a test, if it was measured."""
        return next((item.effect for item in self.evidence if item.test_id == test_id), None)


class _Rule(Struct, frozen=True):
    """One rule.

    Attributes:
        name: what it is called in tests and in docs.
        relation: what it decides.
        holds: when.
        says: the sentence, without the relation that heads it.
    """

    name: str
    relation: Relation
    holds: Callable[[AdapterFindings], bool]
    says: Callable[[AdapterFindings], str]


def decide_on_adapters(findings: AdapterFindings) -> Verdict:
    """Decide the relation of two adapters, and say it in one sentence."""
    rule = next(rule for rule in _RULES if rule.holds(findings))
    update = findings.effect(UPDATES.test_id)
    elements = sum(module.elements for module in findings.modules)
    return Verdict(
        relation=rule.relation,
        direction="undetermined",
        summary=f"{_HEADS[rule.relation]}: {rule.says(findings)}.",
        grade="exact" if findings.exact is not None or rule.relation == "identical" else "calibrated",
        log10_p=findings.exact,
        derived_share=_derived_share(findings, rule.relation),
        explained_variance=update**2 if update is not None else None,
        copied_share=sum(module.equal for module in findings.modules) / elements if elements else None,
        detection_limit=findings.limit,
        operations=(),
        caveats=_caveats(findings, rule.relation, update),
        cause="untold" if rule.relation == "shared-origin" else None,
    )


def decide_on_fit(fit: ModuleFit, adapter: Letter, named_base: str | None, caveats: Sequence[str]) -> Verdict:
    """Say whether an adapter fits a base: always inconclusive as to lineage.

    Args:
        fit: how its modules fit.
        adapter: which of the two is the adapter.
        named_base: what it calls its base, or None.
        caveats: what could not be read.
    """
    named = () if named_base is None else (f"{adapter} names {named_base} as its base, in its own words.",)
    return Verdict(
        relation="inconclusive",
        direction="undetermined",
        summary=f"Inconclusive: {_say_fit(fit, other_than(adapter), adapter)}.",
        grade="calibrated",
        log10_p=None,
        derived_share=None,
        explained_variance=None,
        copied_share=None,
        detection_limit=None,
        operations=(),
        caveats=(*caveats, *named),
    )


def decide_on_whole_tensors(
    fitting: Verdict, found: Verdict, evidence: Sequence[Evidence], fit: ModuleFit, adapter: Letter, held: int
) -> Verdict:
    """Say what the tensors that an adapter holds whole show of its base.

    Args:
        fitting: the verdict on names and shapes.
        found: the verdict on those tensors alone, as on two models.
        evidence: the tests on them.
        fit: how the low-rank modules fit.
        adapter: which of the two is the adapter.
        held: how many tensors it holds whole.
    """
    if found.relation not in RELATED:
        return replace(fitting, caveats=(*fitting.caveats, _NOTHING_SHOWN[found.relation]))
    base, best = other_than(adapter), strongest(evidence)
    relation: Relation = "shared-origin" if found.relation == "shared-origin" else "derived"
    modules = f"fits {base} in {len(fit.fitting):,} of {fit.modules:,} modules" if fit.modules else "has no factors"
    shown = f": {best.finding}" if best is not None else ""
    return replace(
        found,
        relation=relation,
        direction="undetermined",
        summary=f"{_HEADS[relation]}: the adapter {adapter} {modules}, and of the {held:,} tensors that it holds whole "
        f"those that {base} has too are not independent of {base}'s{shown}.",
        operations=(),
        caveats=(*fitting.caveats, "Shares are of the tensors that the adapter holds whole.", *found.caveats),
    )


_HEADS: dict[Relation, str] = {
    "identical": "Identical",
    "derived": "Derived",
    "shared-origin": "Shared origin",
    "independent": "Independent adapters",
    "inconclusive": "Inconclusive",
}

_TOO_FEW = "The tensors that the adapter holds whole do not show where it comes from: they are too few for the tests."
_NOTHING_SHOWN: dict[Relation, str] = {
    "independent": ("No test found a relation between the tensors that the adapter holds whole and those of the base."),
    "inconclusive": _TOO_FEW,
}


def _is_identical(findings: AdapterFindings) -> bool:
    return findings.are_same_factors and findings.same_scaling and findings.same_rest


def _makes_the_same_update(findings: AdapterFindings) -> bool:
    return (findings.effect(UPDATES.test_id) or 0.0) >= ADAPTERS.same_update


def _rejects(findings: AdapterFindings) -> bool:
    return findings.exact is not None and findings.exact <= RELATION.related_log10_p


def _is_unclear(findings: AdapterFindings) -> bool:
    return findings.exact is not None and findings.exact <= RELATION.unclear_log10_p


def _is_powerless(findings: AdapterFindings) -> bool:
    return findings.limit is None or findings.limit > INDEPENDENCE.weakest_detection


def _say_same_factors(findings: AdapterFindings) -> str:
    apart = "other tensors beside them differ" if findings.same_scaling else "are scaled differently"
    return f"the factors of all {len(findings.modules):,} modules are bit-identical, and {apart}"


def _say_copied(findings: AdapterFindings) -> str:
    return (
        f"{findings.copied:,} of {len(findings.modules):,} modules that both have are bit-identical, "
        "the half that started at zero included"
    )


def _say_start(findings: AdapterFindings) -> str:
    trained = findings.effect(TRAINED_HALF.test_id) or 0.0
    return (
        "the two adapters are not independent: one start (a seed in common) or one training; "
        f"the half that starts at zero agrees at a mean cosine of {trained:.2f}"
    )


def _say_unclear(findings: AdapterFindings) -> str:
    return (
        f"p ≤ 10^{findings.exact:.1f} is too weak to call the adapters related and too strong to call them independent"
    )


def _say_powerless(findings: AdapterFindings) -> str:
    if findings.limit is None:
        return "the adapters have too few ranks for a test"
    return f"a relation weaker than a cosine of {findings.limit:.2f} would not have been seen"


def _say_nothing_found(findings: AdapterFindings) -> str:
    return (
        "no test found a common start or a common training, and one as weak as a cosine of "
        f"{findings.limit:.3f} would have shown"
    )


_RULES: tuple[_Rule, ...] = (
    _Rule(
        "same-adapter",
        "identical",
        _is_identical,
        lambda found: f"both adapters hold the same factors in all {len(found.modules):,} modules",
    ),
    _Rule("same-factors", "derived", lambda found: found.are_same_factors and found.copied > 0, _say_same_factors),
    _Rule("copied-modules", "derived", lambda found: found.copied > 0, _say_copied),
    _Rule(
        "same-update",
        "derived",
        _makes_the_same_update,
        lambda _: "both adapters make the same update of the weights, in other factors",
    ),
    _Rule("rejected", "shared-origin", _rejects, _say_start),
    _Rule(
        "nothing-shared",
        "inconclusive",
        lambda found: not found.shared.pairs,
        lambda _: "the two adapters have no module in common",
    ),
    _Rule("broken", "inconclusive", lambda found: found.broken is not None, lambda found: found.broken or ""),
    _Rule(
        "unreadable",
        "inconclusive",
        lambda found: not found.modules,
        lambda _: "the modules that both adapters have cannot be read as numbers",
    ),
    _Rule(
        "untested",
        "inconclusive",
        lambda found: found.exact is None,
        lambda _: "no test could be run on the modules that both adapters have",
    ),
    _Rule("unclear-p", "inconclusive", _is_unclear, _say_unclear),
    _Rule("powerless", "inconclusive", _is_powerless, _say_powerless),
    _Rule("nothing-found", "independent", lambda _: True, _say_nothing_found),
)


def _derived_share(findings: AdapterFindings, relation: Relation) -> float | None:
    """Share of the elements that stand in bit-identical modules, where that is what the relation says."""
    if relation == "identical":
        return 1.0
    elements = sum(module.elements for module in findings.modules)
    copied = sum(module.elements for module in findings.modules if module.is_copied)
    return copied / max(1, elements) if relation == "derived" else None


def _caveats(findings: AdapterFindings, relation: Relation, update: float | None) -> tuple[str, ...]:
    caveats = list(findings.caveats)
    shared = findings.shared
    left = len(shared.only_a) + len(shared.only_b) + len(shared.mismatched)
    if left and shared.pairs:
        caveats.append(f"{left:,} modules stand in one adapter alone, or in another shape, and were left out.")
    if relation == "shared-origin":
        caveats.append(_START_OR_TRAINING)
    if relation == "independent":
        caveats.append("Adapters of one base and one data set count as independent where they were trained apart.")
        if update is not None and update >= ADAPTERS.like_updates:
            caveats.append(
                f"The updates point the same way (mean cosine {update:.2f}), as trainings on like data make them."
            )
    if relation in RELATED:
        caveats.append(NOT_THEFT)
    return tuple(caveats)


def _say_fit(fit: ModuleFit, base: Letter, adapter: Letter) -> str:
    if not fit.modules:
        return f"{adapter} is an adapter without low-rank modules, so there is nothing to fit to {base}"
    if len(fit.fitting) == fit.modules:
        return (
            f"{adapter} is an adapter that fits {base} in all {fit.modules:,} modules, as it would fit "
            f"any model of these shapes; compare {base}+{adapter} with a merged model, or {adapter} with an adapter"
        )
    wrong = _listed([*fit.mismatched, *(f"{name} is missing in {base}" for name in fit.missing)])
    cannot = f"{fit.modules - len(fit.fitting):,} of {fit.modules:,} modules of the adapter {adapter}"
    return f"{cannot} cannot be put on {base}: {wrong}"


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _LISTED
    return "; ".join(item[:160] for item in items[:_LISTED]) + (f"; and {more:,} more" if more > 0 else "")
