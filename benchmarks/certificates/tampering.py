"""One thing changed in a certificate, with the arithmetic made right again afterwards."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from lineage_audit.certificate import Certificate
from lineage_audit.certificate.book import BOOK
from lineage_audit.certificate.identity import seed_of
from lineage_audit.certificate.statement import Predicate, statement_of

Predicated = dict[str, Any]
"""A predicate as JSON holds it."""

Tampering = Callable[[Predicated, np.random.Generator], None]

_NO_RULE = "values-in-place/9"


def tampered(certificate: Certificate, how: str, random: np.random.Generator) -> bytes:
    """A certificate in which one thing was changed, every number that follows from it made to follow."""
    document = msgspec.json.decode(statement_of(certificate))
    changed = copy.deepcopy(document["predicate"])
    TAMPERINGS[how](changed, random)
    if changed == document["predicate"]:
        raise ValueError(f"{how} changed nothing")
    return (_repaired(changed) if how not in STATED else _as_stated(document, changed)).encode()


def _repaired(changed: Predicated) -> str:
    """The statement that an honest program would have written of what is stated now."""
    predicate = msgspec.convert(changed, Predicate)
    a, b = predicate.a.identity, predicate.b.identity
    made = Certificate(a, b, predicate.rule, seed_of(a.digest, b.digest), predicate.derivation, predicate.tool_version)
    return statement_of(made)


def _as_stated(document: Predicated, changed: Predicated) -> str:
    return msgspec.json.encode({**document, "predicate": changed}).decode()


def _some(count: int, random: np.random.Generator) -> int:
    return int(random.integers(count))


def _term(predicate: Predicated, random: np.random.Generator) -> None:
    row = predicate["cosines"][_some(len(predicate["cosines"]), random)]
    place = _some(len(row), random)
    row[place] = float(np.clip(row[place] + (1 if row[place] < 0.5 else -1) * random.uniform(1e-4, 0.5), -1, 1))


def _sign(predicate: Predicated, random: np.random.Generator) -> None:
    row = predicate["cosines"][_some(len(predicate["cosines"]), random)]
    places = np.flatnonzero(np.abs(row) > 1e-4)
    place = int(places[_some(len(places), random)])
    row[place] = -row[place]


def _map(predicate: Predicated, random: np.random.Generator) -> None:
    predicate["units"][_some(len(predicate["units"]), random)][3] += 1 + _some(3, random)


def _row(predicate: Predicated, random: np.random.Generator) -> None:
    unit = predicate["units"][_some(len(predicate["units"]), random)]
    shift = 1 + _some(3, random)
    unit[1] += shift
    unit[3] += shift


def _layer(predicate: Predicated, random: np.random.Generator) -> None:
    predicate["units"][_some(len(predicate["units"]), random)][2 * _some(2, random)] += 1


def _left_out(predicate: Predicated, random: np.random.Generator) -> None:
    place = _some(len(predicate["units"]), random)
    for column in (predicate["units"], predicate["coins"], predicate["leads"], *predicate["cosines"]):
        del column[place]


def _coin(predicate: Predicated, random: np.random.Generator) -> None:
    coins = predicate["coins"]
    place = _some(len(coins), random)
    others = sorted({*coins, max(coins) + 1} - {coins[place]})
    coins[place] = others[_some(len(others), random)]


def _digest(predicate: Predicated, random: np.random.Generator) -> None:
    file = predicate["ab"[_some(2, random)]]["files"]
    hashed = [one for one in file if one["sha256"]]
    one = hashed[_some(len(hashed), random)]
    one["sha256"] = f"{(int(one['sha256'], 16) ^ (1 << _some(256, random))):064x}"


def _read(predicate: Predicated, random: np.random.Generator) -> None:
    side = predicate["ab"[_some(2, random)]]
    side["read"] = f"{(int(side['read'], 16) ^ (1 << _some(256, random))):064x}"


def _token(predicate: Predicated, random: np.random.Generator) -> None:
    if predicate["tokens"]:
        predicate["tokens"][_some(len(predicate["tokens"]), random)][_some(2, random)] += 1
    else:
        predicate["tokens"].append([1, 1])


def _rule(predicate: Predicated, random: np.random.Generator) -> None:
    others = sorted(BOOK.keys() - {predicate["rule"]})
    predicate["rule"] = others[_some(len(others), random)]


def _unknown_rule(predicate: Predicated, _: np.random.Generator) -> None:
    predicate["rule"] = _NO_RULE


def _seed(predicate: Predicated, random: np.random.Generator) -> None:
    predicate["seed"] = random.bytes(32).hex()


def _alternatives(predicate: Predicated, random: np.random.Generator) -> None:
    predicate["alternatives"] = 1 + _some(39, random)


def _bound(predicate: Predicated, random: np.random.Generator) -> None:
    predicate["log10_p"] = (predicate["log10_p"] or 0.0) - random.uniform(0.01, 50)


def _null(predicate: Predicated, _: np.random.Generator) -> None:
    predicate["null"] = "the two models have nothing in common"


def _layout(predicate: Predicated, random: np.random.Generator) -> None:
    predicate["ab"[_some(2, random)]]["layout"]["block"] += 1


TAMPERINGS: Mapping[str, Tampering] = {
    "a term": _term,
    "a sign": _sign,
    "the map": _map,
    "a row": _row,
    "a layer": _layer,
    "a unit left out": _left_out,
    "a coin": _coin,
    "a digest": _digest,
    "the hash of what was read": _read,
    "a token": _token,
    "another rule": _rule,
    "an unknown rule": _unknown_rule,
    "the seed": _seed,
    "the alternatives": _alternatives,
    "the bound": _bound,
    "the null": _null,
    "a place": _layout,
}
"""What is changed -> how."""

STATED = frozenset({"an unknown rule", "the seed", "the alternatives", "the bound", "the null"})
"""What an honest program would not have written, so that nothing can be made right after it."""
