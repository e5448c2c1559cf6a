"""What a fingerprint holds besides numbers, to and from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from msgspec import Struct

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.claims import Claim, ClaimKind, Claims, Standing
from lineage_audit.checkpoint.config import FIELDS, ArchConfig, FieldValue
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.errors import UnreadableFileError
from lineage_audit.library.fingerprint.tensor_table import table_of, tensors_of
from lineage_audit.library.fingerprint.values import (
    Fingerprint,
    Gain,
    Identity,
    LayerSketch,
    Levels,
    TokenSample,
)

_MOST_CLAIMS = 64
_LONGEST = 400
"""Claims, and characters of each, that a fingerprint keeps."""

_WIDEST = 2**20

_LARGEST_MOMENT = 1e9

_CLAIM_KINDS: tuple[ClaimKind, ...] = get_args(ClaimKind)
_STANDINGS: tuple[Standing, ...] = get_args(Standing)


GainRow = tuple[Role, int | None, float | None, float | None]
"""Role and layer of a norm, and the mean and the standard deviation of its gains where they are stated."""


class Document(Struct, frozen=True):
    """Everything that the JSON part says.

    Attributes:
        scheme: id of the parameters that made the numbers.
        effort: ``full`` or ``sample``.
        identity: which model.
        config: its architecture.
        claims: what its card says.
        tensors: its tensors.
        width: residual channels.
        gains: role, layer, mean and deviation of each row of the array of gains.
        tokens: what is known of the vocabulary beside its sample, or None.
    """

    scheme: str
    effort: str
    identity: Identity
    config: ArchConfig
    claims: Claims
    tensors: tuple[TensorRef, ...]
    width: int
    gains: tuple[GainRow, ...]
    tokens: Mapping[str, object] | None

    def with_arrays(
        self,
        embedding: Levels | None,
        gains: tuple[Gain, ...],
        tokens: TokenSample | None,
        layers: tuple[LayerSketch, ...],
        signature: Levels,
    ) -> Fingerprint:
        """The whole fingerprint."""
        return Fingerprint(
            scheme=self.scheme,
            effort=self.effort,
            identity=self.identity,
            config=self.config,
            claims=self.claims,
            tensors=self.tensors,
            width=self.width,
            embedding=embedding,
            gains=gains,
            tokens=tokens,
            layers=layers,
            signature=signature,
        )


def document_of(fingerprint: Fingerprint) -> dict[str, object]:
    """Everything but the arrays, ready for JSON."""
    identity, tokens = fingerprint.identity, fingerprint.tokens
    return {
        "scheme": fingerprint.scheme,
        "effort": fingerprint.effort,
        "model": {
            "ref": identity.ref,
            "revision": identity.revision,
            "digest": identity.digest,
            "format": identity.format,
            "parameters": identity.parameters,
            "bytes_read": identity.bytes_read,
            "caveats": list(identity.caveats),
        },
        "config": dict(fingerprint.config.fields),
        "config_origins": dict(fingerprint.config.origins),
        "claims": [
            [claim.kind, claim.value[:_LONGEST], claim.file, claim.line, claim.field, claim.standing]
            for claim in fingerprint.claims.items[:_MOST_CLAIMS]
        ],
        "tensors": table_of(fingerprint.tensors),
        "width": fingerprint.width,
        "gains": [_stated_gain(gain) for gain in fingerprint.gains],
        "tokens": tokens and {"size": tokens.size, "added": tokens.added, "digest": tokens.digest, "kind": tokens.kind},
    }


def from_document(text: str, name: str) -> Document:
    """Read the JSON part; ``name`` stands in error messages.

    Raises:
        UnreadableFileError: it is damaged.
    """
    stated = parse_json(text.encode("utf-8", "surrogatepass"), name)
    if not isinstance(stated, dict):
        raise UnreadableFileError(f"{name}: damaged fingerprint; make or download it anew")
    try:
        return _document(stated)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableFileError(f"{name}: damaged fingerprint ({error}); make or download it anew") from None


def _document(stated: Mapping[str, object]) -> Document:
    width, tokens, effort = stated["width"], stated["tokens"], stated["effort"]
    if type(width) is not int or not 0 <= width <= _WIDEST or effort not in ("full", "sample"):
        raise ValueError("impossible width or effort")
    if tokens is not None and not isinstance(tokens, dict):
        raise ValueError("impossible tokens")
    return Document(
        scheme=str(stated["scheme"]),
        effort=str(effort),
        identity=_identity(_mapping(stated["model"])),
        config=_config(_mapping(stated["config"]), _mapping(stated["config_origins"])),
        claims=Claims(tuple(_claim(claim) for claim in _list(stated["claims"]))),
        tensors=tensors_of(stated["tensors"]),
        width=width,
        gains=tuple(map(_gain, _list(stated["gains"]))),
        tokens=tokens,
    )


def _stated_gain(gain: Gain) -> list[object]:
    moments = [] if gain.mean is None or gain.deviation is None else [gain.mean, gain.deviation]
    return [gain.role, gain.layer, *moments]


def _gain(stated: object) -> GainRow:
    """One norm; fingerprints of earlier versions state no moments."""
    role, layer, *moments = _list(stated)
    if not moments:
        return Role(str(role)), _layer(layer), None, None
    mean, deviation = map(_moment, moments)
    return Role(str(role)), _layer(layer), mean, deviation


def _moment(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST_MOMENT:
        return float(value)
    raise ValueError("an impossible mean or deviation of gains")


def _identity(stated: Mapping[str, object]) -> Identity:
    revision = stated["revision"]
    return Identity(
        ref=str(stated["ref"]),
        revision=None if revision is None else str(revision),
        digest=str(stated["digest"]),
        format=str(stated["format"]),
        parameters=max(0, int(str(stated["parameters"]))),
        bytes_read=max(0, int(str(stated["bytes_read"]))),
        caveats=tuple(str(caveat) for caveat in _list(stated["caveats"])),
    )


def _config(fields: Mapping[str, object], origins: Mapping[str, object]) -> ArchConfig:
    kept = {name: _value(fields[name]) for name in FIELDS if name in fields}
    known = {name: origin for name, origin in origins.items() if origin in ("stated", "default", "inferred")}
    return ArchConfig(kept, known, {}, None)  # type: ignore[arg-type]


def _value(value: object) -> FieldValue:
    """A field's value; lists become tuples."""
    if isinstance(value, list):
        return tuple(_value(part) for part in value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError("a field of the configuration has an impossible value")


def _claim(stated: object) -> Claim:
    kind, value, file, line, field, *more = _list(stated)
    known = next((one for one in _CLAIM_KINDS if one == kind), None)
    if known is None:
        raise ValueError("a claim is of an unknown kind")
    key = None if field is None else str(field)
    # Fingerprints of earlier versions do not say where a claim stands.
    written = more[0] if more else "configuration" if key == "_name_or_path" else "front matter"
    standing = next((one for one in _STANDINGS if one == written), None)
    if standing is None:
        raise ValueError("a claim stands in an unknown place")
    return Claim(known, str(value), str(file), _layer(line), key, standing)


def _layer(number: object) -> int | None:
    if number is None or (type(number) is int and 0 <= number < 2**31):
        return number
    raise ValueError("an impossible number")


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("an object was expected")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("a list was expected")
    return value
