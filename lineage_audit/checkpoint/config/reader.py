"""A configuration file becomes an ``ArchConfig``: aliases, family meanings, family and universal defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.config.defaults import (
    DEFAULTS,
    EXPERT_FFN_IS_FFN,
    FAMILY_OF,
    FFN_MULTIPLE,
    NULL_MEANS_NONE,
)
from lineage_audit.checkpoint.config.derivations import BY_FAMILY, common
from lineage_audit.checkpoint.config.fields import ArchConfig, FieldOrigin, FieldValue
from lineage_audit.checkpoint.config.fields_table import FAMILY_ALIASES, FIELDS
from lineage_audit.checkpoint.config.meta_params import with_meta_defaults
from lineage_audit.checkpoint.config.parts import configurations_of_parts
from lineage_audit.checkpoint.config.quirks import norm_of
from lineage_audit.checkpoint.config.values import checked, flattened, lookup
from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.source.base import Source, read_whole
from lineage_audit.errors import UnreadableFileError

_CONFIG_LIMIT = 8 * 2**20
"""Largest configuration that is read, in bytes; those with 20,000 class labels stay below 2 MB."""

_CONFIG_FILE = "config.json"
_DENOISER_FILES = ("transformer/config.json", "unet/config.json")
"""The configuration of a pipeline's model."""

_PARAMS_FILES = ("params.json", "original/params.json")
_QUANTIZATION_FILES: Mapping[str, str] = {"quantize_config.json": "gptq", "quant_config.json": "awq"}
_BITS_KEYS = ("bits", "w_bit")
_LANGUAGE_MODEL_KEYS = ("text_config", "language_config", "llm_config", "thinker_config", "language_model")
_NESTING_LIMIT = 3
_CLASS_SUFFIX = re.compile(r"(ForCausalLM|LMHeadModel|ForMaskedLM|ForConditionalGeneration|Model)$")


def read_config(source: Source) -> ArchConfig:
    """Read ``config.json``, or ``params.json`` where there is none.

    Returns:
        The configuration; an empty one, its file None, for a model without either.

    Raises:
        UnreadableFileError: the file is not a JSON object of bounded size and nesting.
    """
    if _CONFIG_FILE in source.files:
        config = config_from_mapping(_object(source, _CONFIG_FILE), _CONFIG_FILE)
        return _with_quantization_file(config, source)
    for file in _DENOISER_FILES:
        if file in source.files:
            return config_from_mapping(_of_denoiser(_object(source, file)), file)
    for file in _PARAMS_FILES:
        if file in source.files:
            return config_from_mapping(with_meta_defaults(_object(source, file)), file)
    return ArchConfig()


def config_from_mapping(stated: Mapping[str, object], file: str) -> ArchConfig:
    """Translate a configuration that is already parsed.

    Args:
        stated: keys and values as transformers writes them; nothing about the types is taken for granted.
        file: where they were read.
    """
    config = _language_model(stated)
    family = _family(config)
    fields, used = _stated_fields(config, family)
    origins: dict[str, FieldOrigin] = dict.fromkeys(fields, "stated")
    blocked = {name for name in NULL_MEANS_NONE if name not in fields and _stated_as_null(config, name)}
    defaults = {**DEFAULTS.get(family, {}), **_derived_defaults(fields, family)}
    for name, value in defaults.items():
        if name not in fields and name not in blocked and value is not None:
            fields[name] = value
            origins[name] = "default"
    for name, value in _universal_defaults(config, fields).items():
        if name not in fields:
            fields[name] = value
            origins[name] = "default"
    ordered = {name: fields[name] for name in FIELDS if name in fields}
    return ArchConfig(ordered, origins, flattened(config, used), file, _parts(stated, file))


def _of_denoiser(stated: dict[str, object]) -> dict[str, object]:
    """A configuration of diffusers in transformers' keys: a UNet's "head dimension" is its number of heads."""
    kind = stated.get("_class_name")
    if isinstance(kind, str) and kind.startswith("UNet"):
        stated["num_attention_heads"] = stated.pop("attention_head_dim", None)
    return {"model_type": kind, **stated}


def _parts(stated: Mapping[str, object], file: str) -> dict[ModelPart, ArchConfig]:
    """The configurations of the parts; each stands alone, so that none is sought inside them."""
    parts: dict[ModelPart, ArchConfig] = {}
    for part, config in configurations_of_parts(stated):
        fields, _ = _stated_fields(config, _family(config))
        parts.setdefault(part, ArchConfig(fields, dict.fromkeys(fields, "stated"), file=file))
    return parts


def _object(source: Source, file: str) -> dict[str, object]:
    data = read_whole(source, file, _CONFIG_LIMIT)
    refuse_pointer(file, data)
    value = parse_json(data, file)
    if not isinstance(value, dict):
        raise UnreadableFileError(f"{file}: holds a JSON {type(value).__name__}, expected an object {{...}}")
    return value


def _language_model(stated: Mapping[str, object]) -> dict[str, object]:
    """Lift the language model out of a multimodal configuration; its keys win over the outer ones."""
    config = dict(stated)
    for _ in range(_NESTING_LIMIT):
        key = next((key for key in _LANGUAGE_MODEL_KEYS if isinstance(config.get(key), dict)), None)
        if key is None:
            break
        nested = config.pop(key)
        if not isinstance(nested, dict):
            break
        outer_class = config.get("architectures")
        config.update({name: value for name, value in nested.items() if value is not None or name not in config})
        config["architectures"] = outer_class or config.get("architectures")
    return config


def _family(config: Mapping[str, object]) -> str:
    """Name the family whose defaults hold: by model type, else by the class that is named."""
    model_type = config.get("model_type")
    if isinstance(model_type, str):
        name = model_type.lower().replace("-", "_")
        return FAMILY_OF.get(name, name)
    classes = config.get("architectures")
    if isinstance(classes, list) and classes and isinstance(classes[0], str):
        bare = _CLASS_SUFFIX.sub("", classes[0]).lower()
        return next((family for family in DEFAULTS if family.replace("_", "") == bare), "")
    return ""


def _stated_fields(config: Mapping[str, object], family: str) -> tuple[dict[str, FieldValue], frozenset[str]]:
    """Read every field from its aliases, then from what the family means by its own keys."""
    fields: dict[str, FieldValue] = {}
    used: set[str] = {"architectures"}
    for name, spec in FIELDS.items():
        for alias in FAMILY_ALIASES.get(family, {}).get(name, ()) + spec.aliases:
            value = checked(lookup(config, alias), spec)
            if value is not None:
                fields[name] = value
                used.add(alias)
                break
    fields |= common(config)
    if family in BY_FAMILY:
        fields |= BY_FAMILY[family](config)
    return {name: fields[name] for name in FIELDS if fields.get(name) is not None}, frozenset(used)


def _stated_as_null(config: Mapping[str, object], name: str) -> bool:
    """Whether a field is switched off: a null ``sliding_window`` is none, not the family's default one."""
    if name == "sliding_window" and config.get("use_sliding_window") is False:
        return True
    return any(alias in config and config[alias] is None for alias in FIELDS[name].aliases)


def _derived_defaults(fields: Mapping[str, FieldValue], family: str) -> dict[str, FieldValue]:
    """Defaults that follow from other fields of the same family."""
    derived: dict[str, FieldValue] = {}
    hidden = fields.get("hidden_size")
    if family in FFN_MULTIPLE and isinstance(hidden, int):
        derived["ffn_size"] = FFN_MULTIPLE[family] * hidden
    if family in EXPERT_FFN_IS_FFN and "ffn_size" in fields:
        derived["expert_ffn_size"] = fields["ffn_size"]
    if fields.get("position_encoding") not in (None, "rotary"):
        derived |= dict.fromkeys(("rope_theta", "rope_scaling", "rotary_fraction", "rotary_interleaved"))
    if "num_experts" not in fields and family not in EXPERT_FFN_IS_FFN:
        derived |= dict.fromkeys(("num_shared_experts", "first_dense_layers", "experts_per_token"))
    return derived


def _universal_defaults(config: Mapping[str, object], fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    """What holds for any transformer: one KV group a head, heads sharing the width, the norm that the type has.

    An epsilon of a "layer norm" says nothing of the norm's kind: T5 and Mamba state one for their RMSNorm.
    """
    derived: dict[str, FieldValue] = {}
    hidden, heads = fields.get("hidden_size"), fields.get("num_heads")
    if isinstance(heads, int):
        derived["num_kv_heads"] = heads
        if isinstance(hidden, int) and hidden % heads == 0 and "kv_lora_rank" not in fields:
            derived["head_dim"] = hidden // heads
    if "rms_norm_eps" in config:
        derived["norm"] = "rmsnorm"
    elif norm := norm_of(str(config.get("model_type"))):
        derived["norm"] = norm
    return derived


def _states_bits(source: Source, file: str) -> bool:
    """Tell whether a quantiser of weights wrote a file: others (of ONNX models) write files of the same name."""
    if file not in source.files:
        return False
    try:
        stated = _object(source, file)
    except UnreadableFileError:
        return False
    return any(type(stated.get(key)) is int for key in _BITS_KEYS)


def _with_quantization_file(config: ArchConfig, source: Source) -> ArchConfig:
    """Take the method from the file that older quantisers wrote beside the configuration."""
    method = next((method for file, method in _QUANTIZATION_FILES.items() if _states_bits(source, file)), None)
    if method is None or "quantization" in config.fields:
        return config
    return replace(
        config,
        fields={**config.fields, "quantization": method},
        origins={**config.origins, "quantization": "stated"},
    )
