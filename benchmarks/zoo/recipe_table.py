"""Every recipe of the zoo by name."""

from __future__ import annotations

from benchmarks.training.lora import Lora
from benchmarks.zoo.disguises.registry import DISGUISES
from benchmarks.zoo.recipes import (
    Cast,
    DirectionAblated,
    Disguised,
    Distilled,
    Grafted,
    Merged,
    NoiseAdded,
    Pruned,
    Quantized,
    Recipe,
    Relayered,
    Stacked,
    Training,
    Unchanged,
    Upcycled,
    VocabularyExtended,
    VocabularyReplaced,
)
from benchmarks.zoo.surgery.width import Kept
from lineage_audit.results import OperationKind

_QUERY_AND_VALUE = ("q_proj", "v_proj", "c_attn", "query_key_value")
_ALL_LINEAR = (
    *("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    *("c_attn", "c_proj", "c_fc", "query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"),
)
_TRAINED: tuple[OperationKind, ...] = ("fine-tuned", "continued-pretrained")
_HEALED: tuple[OperationKind, ...] = ("fine-tuned", "continued-pretrained")
_GRAFT: tuple[OperationKind, ...] = ("continued-pretrained", "layers-replaced", "vocabulary-replaced")

_TRAININGS: dict[str, Recipe] = {
    "light": Recipe(Unchanged(), Training("other", 0.12, 0.1), ("fine-tuned",)),
    "heavy": Recipe(Unchanged(), Training("second", 0.4, 0.3), ("fine-tuned",)),
    "continued": Recipe(Unchanged(), Training("further", 1.0, 0.7), ("continued-pretrained",), far=True),
    "continued-twice": Recipe(Unchanged(), Training("further", 2.0, 0.7), ("continued-pretrained",), far=True),
    "lora-4": Recipe(
        Unchanged(), Training("other", 0.2, 1.0, Lora(4, _QUERY_AND_VALUE)), ("lora-merged",), ("fine-tuned",)
    ),
    "lora-16": Recipe(
        Unchanged(), Training("other", 0.2, 1.0, Lora(16, _ALL_LINEAR)), ("lora-merged",), ("fine-tuned",)
    ),
}

_MERGES: dict[str, Recipe] = {
    "linear": Recipe(Merged("linear", (0.6, 0.4)), None, ("merged",), ("fine-tuned",)),
    "slerp": Recipe(Merged("slerp", (0.5, 0.5)), None, ("merged",), ("fine-tuned",)),
    "ties": Recipe(Merged("ties", (0.5, 0.5)), None, ("merged",), ("fine-tuned",)),
    "dare": Recipe(Merged("dare", (0.5, 0.5)), None, ("merged",), ("fine-tuned",)),
    "stacked": Recipe(Stacked(0.5), None, ("layers-replaced",), ("merged",)),
}

_SURGERY: dict[str, Recipe] = {
    "dropped": Recipe(Relayered("without-middle"), None, ("layers-removed",)),
    "dropped-healed": Recipe(
        Relayered("without-last-two"), Training("further", 0.2, 0.3), ("layers-removed",), _HEALED
    ),
    "doubled": Recipe(Relayered("middle-doubled"), None, ("layers-duplicated",)),
    "up-scaled": Recipe(Relayered("up-scaled"), Training("further", 0.2, 0.3), ("layers-duplicated",), _HEALED),
    "pruned": Recipe(
        Pruned(Kept(channels=0.75, units=0.75, kv_groups=0.75)),
        Training("further", 0.3, 0.5),
        ("width-pruned",),
        _HEALED,
        far=True,
    ),
    "pruned-ffn": Recipe(Pruned(Kept(units=0.6)), Training("further", 0.2, 0.5), ("width-pruned",), _HEALED),
    "upcycled": Recipe(Upcycled("mixtral"), Training("further", 0.2, 0.5), ("experts-upcycled",), _HEALED),
    "upcycled-finely": Recipe(Upcycled("qwen2_moe"), Training("further", 0.2, 0.5), ("experts-upcycled",), _HEALED),
    "extended": Recipe(VocabularyExtended(12), None, ("vocabulary-extended",)),
    "extended-tuned": Recipe(VocabularyExtended(40), Training("other", 0.15, 0.2), ("vocabulary-extended",), _TRAINED),
    "revocabularied": Recipe(
        VocabularyReplaced(), Training("other", 0.4, 0.5), ("vocabulary-replaced",), _TRAINED, far=True
    ),
    "ffns-only": Recipe(Grafted("ffns"), Training("further", 0.6, 1.0), (), _GRAFT, far=True),
    "two-layers": Recipe(Grafted("two-layers"), Training("further", 0.6, 1.0), ("layers-replaced",), _GRAFT, far=True),
}

_ROUNDINGS: dict[str, Recipe] = {
    "int8": Recipe(Quantized(8, None), None, ("quantized",)),
    "int4": Recipe(Quantized(4, 16), None, ("quantized",)),
    "bfloat16": Recipe(Cast("bfloat16"), None, ("cast",)),
    "float16": Recipe(Cast("float16"), None, ("cast",)),
    "float32": Recipe(Cast("float32"), None, ("cast",)),
    "noise-1": Recipe(NoiseAdded(0.01), None, ("noise-added",)),
    "noise-10": Recipe(NoiseAdded(0.1), None, ("noise-added",)),
    "ablated": Recipe(DirectionAblated(), None, ("direction-ablated",)),
}

_STUDENTS: dict[str, Recipe] = {
    "distilled": Recipe(Distilled(), Training("own", 1.0, 1.0)),
}

_DISGUISES: dict[str, Recipe] = {
    name: Recipe(Disguised(name), None, disguise.operations) for name, disguise in DISGUISES.items()
}

RECIPES: dict[str, Recipe] = _TRAININGS | _MERGES | _SURGERY | _ROUNDINGS | _STUDENTS | _DISGUISES
