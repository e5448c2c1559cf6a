"""What a weight file says of itself, in the keys of GGUF: licence and base models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lineage_audit.checkpoint.claims import Claim, ClaimKind
from lineage_audit.checkpoint.config.values import clean_text

_KINDS: Mapping[str, ClaimKind] = {
    "general.license": "license",
    "general.license.name": "license_name",
    "general.license.link": "license_link",
}
_HUB = re.compile(r"https?://huggingface\.co/([\w.-]+/[\w.-]+)/?", re.ASCII)
_MOST_BASES = 100


def claims_from_gguf(values: Mapping[str, object], file: str) -> tuple[Claim, ...]:
    """Read licence and base models from a file's metadata."""
    return tuple(claim for claim in _claims(values, file) if claim.value)


def _claims(values: Mapping[str, object], file: str) -> Iterator[Claim]:
    for key, kind in _KINDS.items():
        value = values.get(key)
        if isinstance(value, str):
            yield Claim(kind, clean_text(value), file, field=key, standing="weight file")
    for number in range(_MOST_BASES):
        found = _base_model(values, f"general.base_model.{number}.")
        if found is not None:
            field, value = found
            yield Claim("base_model", clean_text(value), file, field=field, standing="weight file")


def _base_model(values: Mapping[str, object], prefix: str) -> tuple[str, str] | None:
    """A base model's repository, else its organisation and name, with the key that says so."""
    for key in (prefix + "repo_url", prefix + "url"):
        value = values.get(key)
        match = _HUB.fullmatch(value) if isinstance(value, str) else None
        if match is not None:
            return key, match[1]
    name, organization = values.get(prefix + "name"), values.get(prefix + "organization")
    if not isinstance(name, str):
        return None
    owner = f"{organization}/" if isinstance(organization, str) else ""
    return prefix + "name", owner + name
