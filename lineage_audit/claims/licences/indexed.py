"""Licences that license-expression's index names and the data does not describe: an id, a class, and no terms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from lineage_audit.claims.licences.body import alias_form
from lineage_audit.claims.licences.licence import Licence, Owed
from lineage_audit.results import LicenceClass

_CLASSES: Mapping[str, LicenceClass] = {"Permissive": "permissive", "Public Domain": "permissive"}
"""The index's categories that settle what a licence asks of a derivative; of the others the terms are not known."""
_PAGE = "https://scancode-licensedb.aboutcode.org/{key}.html"


def licence_in_index(name: str) -> Licence | None:
    """The licence that the index has under this id, in any spelling."""
    entry = _entries().get(alias_form(name))
    return _licence(entry) if entry is not None else None


@cache
def _entries() -> Mapping[str, Mapping[str, object]]:
    """Every id and former id in the index -> its entry; exceptions are no licences."""
    index = files("license_expression") / "data" / "scancode-licensedb-index.json"
    found: dict[str, Mapping[str, object]] = {}
    for entry in json.loads(index.read_text(encoding="utf-8")):
        if not entry["is_exception"]:
            for name in (entry["license_key"], entry.get("spdx_license_key"), *entry["other_spdx_license_keys"]):
                if name:
                    found.setdefault(alias_form(name), entry)
    return found


def _licence(entry: Mapping[str, object]) -> Licence:
    key = str(entry["license_key"])
    spdx = str(entry.get("spdx_license_key") or f"LicenseRef-scancode-{key}")
    return Licence(
        key=alias_form(spdx) if not spdx.startswith("LicenseRef-") else key,
        name=spdx if not spdx.startswith("LicenseRef-") else key,
        licence_class=_CLASSES.get(str(entry["category"]), "unknown"),
        spdx=spdx,
        source=_PAGE.format(key=key),
        aliases=frozenset({alias_form(key), alias_form(spdx)}),
        text=(),
        body=None,
        names=(),
        mentions=(),
        family=key,
        share_alike=None,
        refines=None,
        contested="",
        owes=Owed(),
    )
