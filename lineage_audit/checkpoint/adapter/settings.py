"""What an adapter says of itself: PEFT's ``adapter_config.json``, or the header of a GGUF adapter.

Nothing about the file is taken for granted: a key of another type is left out, and the patterns, which PEFT matches as
regular expressions, are only used where matching them cannot take long.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from msgspec import Struct, field

from lineage_audit.checkpoint.bounded_json import parse_json_object
from lineage_audit.checkpoint.source.base import Source, read_whole

CONFIG_FILE = "adapter_config.json"
_CONFIG_LIMIT = 8 * 2**20
_SIZE_LIMIT = 1e9
_PATTERNS = 1000
_TOKEN_LIMIT = 2**31
_PATTERN_LENGTH = 200
_QUANTIFIERS = re.compile(r"[*+?{]")
_NESTED = re.compile(r"[)\]}*+?][*+?{]")

FROM_THE_BASE = frozenset({"pissa", "olora", "corda", "eva", "loftq", "lora_ga", "orthogonal"})
"""Ways to initialise that start from the base model's own weights, or from data, and not from a seed alone."""

_NOT_MERGED: Mapping[str, str] = {
    "alora_invocation_tokens": "it acts only after its invocation tokens (aLoRA)",
    "layer_replication": "it replicates layers",
    "arrow_config": "it routes between adapters (Arrow)",
    "use_qalora": "it is for quantised groups (QA-LoRA)",
    "use_bdlora": "its factors are block-diagonal",
    "kasa_config": "its factors are scaled by singular values (KaSA)",
}
"""Keys that, when set, make an adapter more than a product of two matrices: key -> why."""

CHANGES_THE_BASE: Mapping[str, str] = {
    "pissa": "PiSSA", "olora": "OLoRA", "corda": "CorDA", "lora_ga": "LoRA-GA", "loftq": "LoftQ",
}  # fmt: skip
"""Ways to initialise that take something away from the base before training, and what they are called."""


class AdapterSettings(Struct, frozen=True):
    """What kind of adapter it is, and how strong.

    Attributes:
        kind: PEFT's type in lower case: ``lora``, ``ia3``, ``prefix_tuning``, ...; ``unknown`` without a configuration.
        base: the base model that it names, or None.
        rank: the rank where no pattern says otherwise, or None.
        alpha: ``lora_alpha``, of LoHa and LoKr ``alpha``; the update is scaled by ``alpha / rank``. None where it is
            not stated.
        rank_stabilised: scaled by ``alpha / sqrt(rank)`` instead (rsLoRA).
        dora: weights are split into magnitude and direction (DoRA).
        fan_in_fan_out: the base stores its matrices ``[in, out]``.
        start: how ``lora_A`` was initialised: ``random``, or one of ``FROM_THE_BASE``.
        targets: modules that it was made for, as stated.
        alphas: pattern of a module's name -> its own alpha.
        ranks: pattern of a module's name -> its own rank.
        tokens: end of a module's name (or nothing, for any) -> the tokens of which single rows were trained, in order.
        not_merged: why it cannot be merged into a base, or None.
    """

    kind: str
    base: str | None = None
    rank: int | None = None
    alpha: float | None = None
    rank_stabilised: bool = False
    dora: bool = False
    fan_in_fan_out: bool = False
    start: str = "random"
    targets: tuple[str, ...] = ()
    alphas: Mapping[str, float] = field(default_factory=dict)
    ranks: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    not_merged: str | None = None

    @property
    def name(self) -> str:
        """What a report calls the kind: ``LoRA``, ``rsLoRA``, ``DoRA`` or PEFT's own word."""
        if self.kind != "lora":
            return self.kind
        return ("rs" if self.rank_stabilised else "") + ("DoRA" if self.dora else "LoRA")

    def tokens_of(self, module: str) -> tuple[int, ...]:
        """The tokens of a module whose rows were trained singly."""
        return next((own for end, own in self.tokens.items() if not end or f".{module}".endswith(f".{end}")), ())

    def rank_of(self, module: str) -> int | None:
        """The rank that is stated for a module, or None."""
        rank = next((own for pattern, own in self.ranks.items() if _matches(pattern, module)), self.rank)
        return None if rank is None else int(rank)

    def scaling(self, module: str, rank: int) -> float | None:
        """What the product of a module's matrices is multiplied by, or None where it is not stated."""
        alpha = next((own for pattern, own in self.alphas.items() if _matches(pattern, module)), self.alpha)
        if alpha is None or rank <= 0:
            return None
        return alpha / (math.sqrt(rank) if self.rank_stabilised else rank)


def read_settings(source: Source) -> AdapterSettings:
    """Read ``adapter_config.json``; an adapter without it is of unknown kind.

    Raises:
        UnreadableFileError: the file is not a JSON object of bounded size and nesting.
    """
    if CONFIG_FILE not in source.files:
        return AdapterSettings("unknown")
    stated = parse_json_object(read_whole(source, CONFIG_FILE, _CONFIG_LIMIT), CONFIG_FILE)
    kind = _word(stated.get("peft_type"))
    rank, base = _number(stated.get("r")), stated.get("base_model_name_or_path")
    return AdapterSettings(
        kind=kind,
        base=base.strip()[:200] if isinstance(base, str) and base.strip() else None,
        rank=int(rank) if rank is not None else None,
        alpha=_number(stated.get("alpha" if kind in ("loha", "lokr") else "lora_alpha")),
        rank_stabilised=stated.get("use_rslora") is True,
        dora=stated.get("use_dora") is True,
        fan_in_fan_out=stated.get("fan_in_fan_out") is True,
        start=_start(stated.get("init_lora_weights")),
        targets=_words(stated.get("target_modules")),
        alphas=_patterns(stated.get("alpha_pattern")),
        ranks=_patterns(stated.get("rank_pattern")),
        tokens=_tokens(stated.get("token_indices" if kind == "trainable_tokens" else "trainable_token_indices")),
        not_merged=next((why for key, why in _NOT_MERGED.items() if stated.get(key)), None),
    )


def read_mlx_settings(source: Source) -> AdapterSettings:
    """Read mlx-lm's ``adapter_config.json``: its ``scale`` multiplies the update as it stands, whatever the rank.

    Raises:
        UnreadableFileError: the file is not a JSON object of bounded size and nesting.
    """
    if CONFIG_FILE not in source.files:
        return AdapterSettings("unknown")
    stated = parse_json_object(read_whole(source, CONFIG_FILE, _CONFIG_LIMIT), CONFIG_FILE)
    kind, base, parameters = _word(stated.get("fine_tune_type")), stated.get("model"), stated.get("lora_parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    rank, scale = _number(parameters.get("rank")), _number(parameters.get("scale"))
    return AdapterSettings(
        kind="lora" if kind in ("lora", "dora", "full") else kind,
        base=base.strip()[:200] if isinstance(base, str) and base.strip() else None,
        rank=int(rank) if rank is not None else None,
        alpha=scale * rank if scale is not None and rank is not None else None,
        dora=kind == "dora",
        targets=_words(parameters.get("keys")),
    )


def settings_of_gguf(values: Mapping[str, object]) -> AdapterSettings | None:
    """Read a GGUF header; None where the file is a model and no adapter."""
    if values.get("general.type") != "adapter":
        return None
    base = values.get("general.base_model.0.repo_url") or values.get("general.base_model.0.name")
    return AdapterSettings(
        kind=_word(values.get("adapter.type")),
        base=base[:200] if isinstance(base, str) else None,
        alpha=_number(values.get("adapter.lora.alpha")),
    )


def _matches(pattern: str, module: str) -> bool:
    """Match as PEFT does: the pattern is the end of the module's name."""
    if module == pattern or module.endswith(f".{pattern}"):
        return True
    try:
        return re.match(rf"(.*\.)?({pattern})$", module[:512]) is not None
    except (re.error, RecursionError):
        return False


def _patterns(stated: object) -> dict[str, float]:
    """Patterns that are quick to match: short, and without repetitions of repetitions."""
    if not isinstance(stated, dict):
        return {}
    numbers = {key: _number(value) for key, value in list(stated.items())[:_PATTERNS] if _is_quick(key)}
    return {key: value for key, value in numbers.items() if value is not None}


def _tokens(stated: object) -> dict[str, tuple[int, ...]]:
    """Token numbers by module; a list without modules is meant for any."""
    lists = stated if isinstance(stated, dict) else {"": stated}
    return {
        end: tuple(numbers)
        for end, numbers in list(lists.items())[:_PATTERNS]
        if isinstance(numbers, list) and all(type(number) is int and 0 <= number < _TOKEN_LIMIT for number in numbers)
    }


def _is_quick(pattern: str) -> bool:
    return len(pattern) <= _PATTERN_LENGTH and len(_QUANTIFIERS.findall(pattern)) <= 2 and not _NESTED.search(pattern)


def _number(value: object) -> float | None:
    """A positive number of sensible size."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < _SIZE_LIMIT else None


def _word(value: object) -> str:
    return value.lower() if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value) else "unknown"


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value[:_PATTERN_LENGTH],)
    return (
        tuple(word[:_PATTERN_LENGTH] for word in value[:_PATTERNS] if isinstance(word, str))
        if isinstance(value, list)
        else ()
    )


def _start(value: object) -> str:
    """``pissa_niter_16`` is PiSSA; True, False and ``gaussian`` are random."""
    word = value.lower() if isinstance(value, str) else ""
    return next((name for name in sorted(FROM_THE_BASE) if word.startswith(name)), "random")
