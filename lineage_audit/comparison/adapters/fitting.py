"""An adapter and a base: do its modules fit? Names and shapes alone; a fit is no proof of lineage."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.fit import ModuleFit, adapter_fit
from lineage_audit.results import Verdict

_LISTED = 3


def fitting_verdict(a: Checkpoint, b: Checkpoint) -> Verdict:
    """Say whether the adapter among the two fits the other model: always inconclusive as to lineage.

    Raises:
        UnsupportedFormatError: the base is cut into tensor-parallel shards.
    """
    base, adapter, letters = (a, b, ("A", "B")) if b.container.adapter is not None else (b, a, ("B", "A"))
    fit = adapter_fit(base, adapter)
    return Verdict(
        relation="inconclusive",
        direction="undetermined",
        summary=_sentence(fit, *letters),
        grade="calibrated",
        log10_p=None,
        derived_share=None,
        explained_variance=None,
        copied_share=None,
        detection_limit=None,
        operations=(),
        caveats=(*(f"{side}: {text}" for side, one in zip("AB", (a, b), strict=True) for text in one.caveats),
                 *_named_base(adapter, letters[1])),
    )  # fmt: skip


def fit_summary(fit: ModuleFit) -> str:
    """How many modules fit, as the weights' finding says it."""
    return f"{len(fit.fitting):,} of {fit.modules:,} modules of the adapter fit the base by name and shape"


def _sentence(fit: ModuleFit, base: str, adapter: str) -> str:
    if not fit.modules:
        return f"Inconclusive: {adapter} is an adapter without low-rank modules, so there is nothing to fit to {base}."
    if len(fit.fitting) == fit.modules:
        return (
            f"Inconclusive: {adapter} is an adapter that fits {base} in all {fit.modules:,} modules, as it would fit "
            f"any model of these shapes; compare {base}+{adapter} with a merged model, or {adapter} with an adapter."
        )
    wrong = _listed([*fit.mismatched, *(f"{name} is missing in {base}" for name in fit.missing)])
    cannot = f"{fit.modules - len(fit.fitting):,} of {fit.modules:,} modules of the adapter {adapter}"
    return f"Inconclusive: {cannot} cannot be put on {base}: {wrong}."


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _LISTED
    return "; ".join(item[:160] for item in items[:_LISTED]) + (f"; and {more:,} more" if more > 0 else "")


def _named_base(adapter: Checkpoint, letter: str) -> tuple[str, ...]:
    settings = adapter.container.adapter
    if settings is None or settings.base is None:
        return ()
    return (f"{letter} names {settings.base} as its base, in its own words.",)
