"""What models answer, where weights cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lineage_audit.api.arguments import Reference
    from lineage_audit.comparison.progress import Progress
    from lineage_audit.results import Behaviour, Manner


def behave(
    a: Reference,
    b: Reference,
    controls: Reference | Iterable[Reference] = (),
    *,
    library: str | Path | None = None,
    answers: str | Path | None = None,
    manner: Manner = "text",
    weights: bool = False,
    progress: Progress | None = None,
) -> Behaviour:
    """Ask whether the answers of B lean to those of A: what weights cannot show. Never exact, and never descent.

    Args:
        a: a local folder or weight file, a Hub repository, a file of answers, or an endpoint ``https://host/v1#model``;
            what B may have learned from.
        b: the same for the other model.
        controls: models that have nothing to do with either, at least five; a folder of answers is all of them.
        library: a library, all answers in which are controls too.
        answers: a folder in which answers are kept, so that nobody is asked again.
        manner: ``text``, or ``chat`` where all are endpoints that have nothing else.
        weights: compare the weights of A and B as well, to stand beside.
        progress: told how far asking has come.

    Raises:
        LineageAuditError: a model cannot be found or asked; one line says why and what to do.
    """
    from lineage_audit.api.arguments import as_path, as_reference, as_references, one_of
    from lineage_audit.behaviour.enquiry import Enquiry
    from lineage_audit.results import MANNERS

    one_of("manner", manner, MANNERS)
    named = as_reference(a), as_reference(b), as_references(controls)
    return Enquiry.of(*named, library=as_path(library), answers=as_path(answers), manner=manner).result(
        progress, weights=weights
    )
