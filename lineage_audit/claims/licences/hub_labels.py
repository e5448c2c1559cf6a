"""How a card's front matter states a licence: by one of the Hub's ids, else as ``other`` with a name and a link."""

from __future__ import annotations

from lineage_audit.claims.licences.licence import Licence

_NAMES = """
afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0
bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0
cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0
eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 h-research intel-research isc
lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 lppl-1.3c mit mpl-2.0 ms-pl ncsa
odbl odc-by ofl-1.1 open-mdw openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib
"""
_HUB_IDS = frozenset(_NAMES.split())
"""The ids that the Hub takes, by its documentation on licences of repositories."""


def card_fields(licence: Licence) -> tuple[tuple[str, str], ...]:
    """The keys and values of a front matter that state a licence."""
    hub_id = next((name for name in (licence.key, *sorted(licence.aliases)) if name in _HUB_IDS), None)
    if hub_id is not None:
        return (("license", hub_id),)
    return (("license", "other"), ("license_name", licence.key), ("license_link", licence.source))
