"""What a relation between subject and reference makes of the reference.

Related weights do not say who took from whom. A reference is concluded to be a base where the card names it, or where
an order is shown and no declared base accounts for what the two share: the subject's change of that base holds the
reference's. Everything else that is related is said to be open, or related through the declared base.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.claims.ancestry import declared_bases
from lineage_audit.claims.names import same_model
from lineage_audit.claims.order import Order, is_named_in, order_of
from lineage_audit.claims.policy import Policy
from lineage_audit.claims.references import Reference, declares
from lineage_audit.claims.repository import Repository
from lineage_audit.claims.statements import Statements
from lineage_audit.comparison.evidence.part_rows import part_asked
from lineage_audit.comparison.joint_change import MOST_PARENTS, JointChange, joint_change
from lineage_audit.comparison.siblings import Extent, NotMeasured, SharedChange, shared_change
from lineage_audit.comparison.verdict.standing import is_related
from lineage_audit.results import Evidence, Standing

OPEN: tuple[Standing, ...] = ("partly", "base-open", "order-open")
"""What leaves open whether the subject derives from the reference: nothing is concluded then."""


class Tie(Struct, frozen=True):
    """A reference with what it is to the subject.

    Attributes:
        reference: the reference.
        standing: what it is to the subject.
        order: why it is taken for the earlier model, or None where that is not shown.
        base: the declared base that its change was measured from, or that is not at hand; None without any.
        shared: how much of its change of the base the subject holds, why that is not known, or None.
        together: what it and other references make up of the subject's change, as a sentence; else empty.
    """

    reference: Reference
    standing: Standing
    order: Order | None = None
    base: Reference | None = None
    shared: SharedChange | NotMeasured | None = None
    together: str = ""

    @property
    def evidence(self) -> tuple[str, ...]:
        """Order and exclusion, as lines of evidence."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.order is not None:
            yield self.order.sentence
        if self.base is not None and self.together:
            yield f"beyond {self.base.name}: {self.together}"
        elif self.base is not None and isinstance(self.shared, SharedChange):
            yield f"beyond {self.base.name}: {self.shared.sentence}"
        elif self.base is not None and isinstance(self.shared, NotMeasured):
            yield f"beyond {self.base.name}: not measured, {self.shared.reason}"


def ties_of(
    subject: Repository, statements: Statements, references: Sequence[Reference], policy: Policy
) -> tuple[Tie, ...]:
    """What every reference is to the subject; where a declared base was found, three models are read at a time."""
    finder = _Finder(subject, statements, tuple(references), policy)
    return finder.with_joint_parents(tuple(finder.tie(reference) for reference in references))


class _Finder(Struct, frozen=True):
    """One subject and all references, for the questions that need more than one of them."""

    subject: Repository
    statements: Statements
    references: tuple[Reference, ...]
    policy: Policy

    def tie(self, reference: Reference) -> Tie:
        """What one reference is to the subject."""
        settled = self._settled(reference)
        if settled is not None:
            return Tie(reference, settled)
        order = order_of(reference, self.subject, self.statements, self.policy)
        base, shared = self._least_accounted_for(reference)
        missing = self._missing_base()
        if isinstance(shared, SharedChange) and shared.extent == "little":
            return Tie(reference, "through-base", order, base, shared)
        if isinstance(shared, NotMeasured) and shared.same_as_base:
            return Tie(reference, "through-base", order, base, shared)
        if reference.relation == "shared-origin":
            return Tie(reference, "unrelated")
        if missing is not None or isinstance(shared, NotMeasured):
            return Tie(reference, "base-open", order, base or missing, shared)
        if shared is not None and shared.extent == "part" and not (order and order.basis == "card"):
            return Tie(reference, "partly", order, base, shared)
        return Tie(reference, "base" if order else "order-open", order, base, shared)

    def with_joint_parents(self, ties: tuple[Tie, ...]) -> tuple[Tie, ...]:
        """The ties, those raised of which the subject turns out to be a merge: a part of each, nothing besides."""
        found = dict(enumerate(ties))
        for numbers in _of_one_base(ties):
            for number, sentence in self._merged(ties, numbers):
                tie = ties[number]
                found[number] = replace(tie, standing="base" if tie.order else "order-open", together=sentence)
        return tuple(found.values())

    def _merged(self, ties: Sequence[Tie], numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Which of the references of one base the subject is a merge of, beside the parents that the card names."""
        subject, base = self.subject.checkpoint, ties[numbers[0]].base
        together = [*(ties[number].reference for number in numbers), *(one for one in self._bases if one is not base)]
        models = [one.weights for one in together[:MOST_PARENTS] if one.weights is not None]
        if subject is None or base is None or base.weights is None or not len(numbers) <= len(models) > 1:
            return
        joint = joint_change(subject, models, base.weights)
        if isinstance(joint, JointChange):
            sentence = joint.sentence([one.name for one in together])
            yield from ((numbers[place], sentence) for place in joint.parents if place < len(numbers))

    def _settled(self, reference: Reference) -> Standing | None:
        """What needs no measurement; None where the relation is open."""
        if reference.relation == "shared-origin":
            # A card that names a base which its weights are not independent of owes what that base asks for.
            return "declared" if reference.declared_by is not None else None
        if reference.is_certified:
            return "declared"
        if not reference.is_related:
            return "unrelated"
        if reference.relation == "identical" and same_model(reference.name, self.subject.name):
            return "itself"
        if reference.declared_by is not None:
            return "declared"
        if declares(reference, self.subject):
            return "derivative"
        return "known" if self._is_known(reference) else None

    def _is_known(self, reference: Reference) -> bool:
        """Whether it is an ancestor of a declared base by that one's card, or a copy of a declared base."""
        accounting = [base for base in self._declared if base.relation not in ("independent", "shared-origin")]
        above = [ancestor.ref for base in accounting for ancestor in base.ancestors]
        is_copy = any(base.digest is not None and base.digest == reference.digest for base in accounting)
        return is_copy or is_named_in(above, reference)

    def _least_accounted_for(self, reference: Reference) -> _Accounted:
        """Of the parts in which subject and reference are related, the one that declared bases account for least."""
        parts = _related_parts(reference) or (None,)
        return max((self._accounted(reference, part) for part in parts), key=_unaccounted)

    def _accounted(self, reference: Reference, part: ModelPart | None) -> _Accounted:
        """The declared base that accounts for most of what is shared in one part, and what is shared beyond it."""
        named = (base for base in self._bases_of(reference) if base.declared_by is None)
        others = (base for base in (*self._bases, *named) if base is not reference)
        bases = (base for base in others if part in _related_parts(base))
        measured = [(base, self._shared(reference, base, part)) for base in bases]
        return min(measured, key=_unexplained, default=(None, None))

    def _shared(self, reference: Reference, base: Reference, part: ModelPart | None) -> SharedChange | NotMeasured:
        subject = self.subject.checkpoint
        if subject is None or reference.weights is None or base.weights is None:
            return NotMeasured("a fingerprint holds no weights")
        return shared_change(subject, reference.weights, base.weights, part)

    def _missing_base(self) -> Reference | None:
        """A declared base that could account for a relation, had it been compared."""
        return next((base for base in self._declared if base.relation in (None, "inconclusive")), None)

    def _bases_of(self, reference: Reference) -> Iterator[Reference]:
        """References that another reference declares as its base: the subject may come from those alone."""
        names = declared_bases(reference.repository.claims) if reference.repository else ()
        return (one for one in self.references if one.is_related and is_named_in(names, one))

    @property
    def _declared(self) -> tuple[Reference, ...]:
        return tuple(one for one in self.references if one.declared_by is not None)

    @property
    def _bases(self) -> tuple[Reference, ...]:
        """Bases that the card or the auditor names and the weights bear out."""
        stated = (one for one in self.references if one.declared_by is not None or (one.given and one.given.is_base))
        return tuple(one for one in stated if one.is_related and not declares(one, self.subject))


def _of_one_base(ties: Sequence[Tie]) -> Iterator[tuple[int, ...]]:
    """References that hold some of the subject's change of one base and less than all of it, by that base."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, tie in enumerate(ties):
        is_open = tie.standing in ("partly", "through-base", "order-open")
        if is_open and tie.base is not None and isinstance(tie.shared, SharedChange) and tie.reference.weights:
            groups[tie.base.name].append(number)
    yield from (tuple(group[:MOST_PARENTS]) for group in groups.values())


_Accounted = tuple[Reference | None, SharedChange | NotMeasured | None]
"""A base, and what is shared beyond it; both None where no base has the part in question."""

_BY_EXTENT: Mapping[Extent, int] = {"little": 1, "part": 2, "multiple": 4, "whole": 4}


def _unexplained(accounted: _Accounted) -> float:
    """Orders the bases of one part: the one that accounts for most comes first, what could not be measured last."""
    return _unaccounted(accounted) if isinstance(accounted[1], SharedChange) else 5.0 * _is_open(accounted[1])


def _unaccounted(accounted: _Accounted) -> float:
    """Orders parts: the one that is accounted for best comes first, the one without any base last."""
    shared = accounted[1]
    if isinstance(shared, SharedChange):
        return _BY_EXTENT[shared.extent] + min(0.9, max(0.0, shared.slope) / 10)
    return 5.0 if shared is None else 3.0 * _is_open(shared)


def _is_open(shared: SharedChange | NotMeasured | None) -> bool:
    return not (isinstance(shared, NotMeasured) and shared.same_as_base)


def _related_parts(reference: Reference) -> tuple[ModelPart | None, ...]:
    """The parts in which a reference is related to the subject, the language model's core being None."""
    by_part: dict[ModelPart | None, list[Evidence]] = defaultdict(list)
    for evidence in reference.report.evidence if reference.report else ():
        by_part[part_asked(evidence)].append(evidence)
    found = tuple(part for part, evidence in by_part.items() if is_related(evidence))
    return found or ((None,) if reference.is_related else ())
