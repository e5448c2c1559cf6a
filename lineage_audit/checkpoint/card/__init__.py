"""What a repository says of itself: card, configuration, merge recipe and licence files become ``Claims``.

Nothing here can fail a comparison: a file that cannot be read becomes a caveat, and the others speak.
"""

from __future__ import annotations

from lineage_audit.checkpoint.card.front_matter import claims_of_front_matter
from lineage_audit.checkpoint.card.licence_files import claims_of_licence_files
from lineage_audit.checkpoint.card.origins import claims_of_origins
from lineage_audit.checkpoint.card.prose import claims_of_prose
from lineage_audit.checkpoint.card.text_files import TextReader
from lineage_audit.checkpoint.claims import Claim, Claims
from lineage_audit.checkpoint.source.base import Source

__all__ = ["read_claims"]


def read_claims(source: Source) -> tuple[Claims, tuple[str, ...]]:
    """Read all claims, in the order card, configuration, adapter, merge recipe, licence files.

    Returns:
        The claims, and one sentence for each file that could not be read.
    """
    reader = TextReader(source)
    items: list[Claim] = []
    card = next((file for file in sorted(source.files) if file.lower() == "readme.md"), None)
    if card is not None:
        text = reader.text(card)
        items += claims_of_front_matter(text, card, reader.caveats)
        items += claims_of_prose(text, card)
    items += claims_of_origins(reader)
    items += claims_of_licence_files(reader)
    return Claims(tuple(claim for claim in items if claim.value)), tuple(reader.caveats)
