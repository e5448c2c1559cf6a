"""A policy file becomes a ``Policy``; whatever is not understood is refused with file, line and key."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

from lineage_audit.claims.policy.located import Located, PolicyError, read_located
from lineage_audit.claims.policy.values import (
    Allowance,
    Policy,
    PolicyCertificate,
    PolicyClaim,
    PolicyReference,
    Severity,
)
from lineage_audit.sizes import LEAST_BUDGET, read_size

_CLAIMS = ("license", "license_name", "license_link", "base_model", "base_model_relation", "name")
_RELATIONS = ("finetune", "adapter", "merge", "quantized")
_SEVERITIES = ("error", "warning", "note", "off")
_FAIL_ON = ("error", "warning", "note", "never")
_INCONCLUSIVE = ("fail", "warn", "pass")
_KEYS = (
    "claims",
    "references",
    "released",
    "severity",
    "allow",
    "baseline",
    "fail-on",
    "inconclusive",
    "budget",
    "certificates",
)
_POLICY_NAMES = ("lineage-audit.yaml", "lineage-audit.yml")
"""Files in which a policy is looked for."""


def read_policy(path: Path, rules: Mapping[str, str]) -> Policy:
    """Read a YAML file, or ``[tool.lineage-audit]`` of a TOML file.

    Args:
        path: the file.
        rules: rule id and rule name, both -> rule id.

    Raises:
        PolicyError: the file cannot be read, or says something that is not understood.
    """
    root = read_located(path)
    return _Reader(path, rules).policy(root) if root is not None else Policy(file=path)


def find_policy(folder: Path, subject: str, rules: Mapping[str, str]) -> Policy:
    """The policy that nobody named: beside a local model, in the working directory, or in its pyproject.toml.

    Nothing is looked for inside a model's folder that is not the working directory: no model brings its own judge.

    Args:
        folder: the working directory.
        subject: the model.
        rules: rule id and rule name, both -> rule id.

    Returns:
        The first that is found, else the empty policy.
    """
    model = Path(subject).resolve()
    beside = [model.parent] if model.exists() and model != folder.resolve() else []
    for place in (*beside, folder):
        for name in _POLICY_NAMES:
            if (place / name).is_file():
                return read_policy(place / name, rules)
    path = folder / "pyproject.toml"
    if not path.is_file() or read_located(path) is None:
        return Policy()
    return read_policy(path, rules)


class _Reader:
    """Reads the parts of one policy file and refuses what it does not know."""

    def __init__(self, path: Path, rules: Mapping[str, str]) -> None:
        self._path = path
        self._rules = rules

    def policy(self, root: Located) -> Policy:
        parts = self._keys(root, "policy", _KEYS)
        return Policy(
            file=self._path,
            claims=self._claims(parts["claims"]) if "claims" in parts else (),
            references=self._references(parts["references"]) if "references" in parts else (),
            severity=self._severities(parts["severity"]) if "severity" in parts else {},
            allow=self._allowances(parts["allow"]) if "allow" in parts else (),
            baseline=self._path.parent / self._text(parts["baseline"], "baseline") if "baseline" in parts else None,
            fail_on=self._choice(parts, "fail-on", _FAIL_ON),  # type: ignore[arg-type]
            inconclusive=self._choice(parts, "inconclusive", _INCONCLUSIVE),  # type: ignore[arg-type]
            released=self._date(parts["released"], "released") if "released" in parts else None,
            budget=self._size(parts["budget"], "budget") if "budget" in parts else None,
            certificates=self._certificates(parts["certificates"]) if "certificates" in parts else (),
        )

    def _claims(self, found: Located) -> tuple[PolicyClaim, ...]:
        claims = []
        for kind, stated in self._keys(found, "claims", _CLAIMS).items():
            several = stated.value if kind == "base_model" and isinstance(stated.value, tuple) else (stated,)
            claims += [PolicyClaim(kind, self._text(item, f"claims.{kind}"), item.line) for item in several]
            if kind == "base_model_relation":
                self._one_of(stated, "claims.base_model_relation", _RELATIONS)
        return tuple(claims)

    def _references(self, found: Located) -> tuple[PolicyReference, ...]:
        return tuple(self._reference(item) for item in self._list(found, "references"))

    def _reference(self, item: Located) -> PolicyReference:
        if isinstance(item.value, str):
            return PolicyReference(self._text(item, "references"))
        parts = self._keys(item, "references", ("ref", "revision", "released", "earlier", "base"), needed=("ref",))
        return PolicyReference(
            ref=self._text(parts["ref"], "references.ref"),
            revision=self._text(parts["revision"], "references.revision") if "revision" in parts else None,
            released=self._date(parts["released"], "references.released") if "released" in parts else None,
            is_earlier="earlier" in parts and self._is_true(parts["earlier"], "references.earlier"),
            is_base="base" in parts and self._is_true(parts["base"], "references.base"),
        )

    def _certificates(self, found: Located) -> tuple[PolicyCertificate, ...]:
        return tuple(self._certificate(item) for item in self._list(found, "certificates"))

    def _certificate(self, item: Located) -> PolicyCertificate:
        known = ("file", "reason", "base", "sha256", "identity", "issuer")
        parts = self._keys(item, "certificates", known, needed=("file", "reason"))
        said = {name: self._text(part, f"certificates.{name}") for name, part in parts.items()}
        if "sha256" not in said and not {"identity", "issuer"} <= said.keys():
            raise self._error(item, "certificates", "must say why it is believed: sha256, or identity and issuer")
        return PolicyCertificate(**{**said, "file": self._path.parent / said["file"]})  # type: ignore[arg-type]

    def _severities(self, found: Located) -> dict[str, Severity]:
        if not isinstance(found.value, Mapping):
            raise self._error(found, "severity", "must be rules and their severities")
        return {
            self._rule(Located(rule, stated.line), "severity"): self._severity(rule, stated)
            for rule, stated in found.value.items()
        }

    def _severity(self, rule: str, stated: Located) -> Severity:
        return self._one_of(stated, f"severity.{rule}", _SEVERITIES)  # type: ignore[return-value]

    def _allowances(self, found: Located) -> tuple[Allowance, ...]:
        return tuple(self._allowance(item) for item in self._list(found, "allow"))

    def _allowance(self, item: Located) -> Allowance:
        parts = self._keys(item, "allow", ("rule", "reason", "reference", "expires"), needed=("rule", "reason"))
        return Allowance(
            rule=self._rule(parts["rule"], "allow.rule"),
            reason=self._text(parts["reason"], "allow.reason"),
            reference=self._text(parts["reference"], "allow.reference") if "reference" in parts else None,
            expires=self._date(parts["expires"], "allow.expires") if "expires" in parts else None,
            line=item.line,
        )

    def _keys(
        self, found: Located, key: str, known: tuple[str, ...], needed: tuple[str, ...] = ()
    ) -> Mapping[str, Located]:
        if not isinstance(found.value, Mapping):
            raise self._error(found, key, f"must hold keys: {', '.join(known)}")
        for name, inner in found.value.items():
            if name not in known:
                raise self._error(inner, name, f"is not known; known here: {', '.join(known)}")
        for name in needed:
            if name not in found.value:
                raise self._error(found, f"{key}.{name}", "is missing")
        return found.value

    def _list(self, found: Located, key: str) -> tuple[Located, ...]:
        if not isinstance(found.value, tuple):
            raise self._error(found, key, "must be a list")
        return found.value

    def _text(self, found: Located, key: str) -> str:
        if not isinstance(found.value, str) or not found.value.strip():
            raise self._error(found, key, "must be text")
        return found.value.strip()

    def _date(self, found: Located, key: str) -> datetime.date:
        try:
            return datetime.date.fromisoformat(self._text(found, key))
        except ValueError:
            raise self._error(found, key, "must be a date, YYYY-MM-DD") from None

    def _size(self, found: Located, key: str) -> int:
        size = read_size(self._text(found, key))
        if size is None or size < LEAST_BUDGET:
            raise self._error(found, key, "must be a size of at least 1MiB, as 64MiB")
        return size

    def _is_true(self, found: Located, key: str) -> bool:
        return self._one_of(Located(str(found.value).lower(), found.line), key, ("true", "false")) == "true"

    def _rule(self, found: Located, key: str) -> str:
        rule = self._rules.get(self._text(found, key))
        if rule is None:
            raise self._error(found, key, f"names no rule: {found.value!r}")
        return rule

    def _choice(self, parts: Mapping[str, Located], key: str, known: tuple[str, ...]) -> str | None:
        return self._one_of(parts[key], key, known) if key in parts else None

    def _one_of(self, found: Located, key: str, known: tuple[str, ...]) -> str:
        if found.value not in known:
            raise self._error(found, key, f"must be one of {', '.join(known)}")
        return str(found.value)

    def _error(self, found: Located, key: str, problem: str) -> PolicyError:
        return PolicyError(f"{self._path}:{found.line}: policy key {key!r} {problem}")
