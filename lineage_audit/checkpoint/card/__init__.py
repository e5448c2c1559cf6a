"""What a repository says of itself: card, configuration, merge recipe and licence files become ``Claims``.

Nothing here can fail a comparison: a file that cannot be read becomes a caveat, and the others speak.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from lineage_audit.checkpoint.card.front_matter import claims_of_front_matter
from lineage_audit.checkpoint.card.licence_files import claims_of_licence_files
from lineage_audit.checkpoint.card.origins import claims_of_origins
from lineage_audit.checkpoint.card.text_files import PROSE_LIMIT, TextReader
from lineage_audit.checkpoint.claims import Claim, ClaimKind, Claims, ProseReader, Unread
from lineage_audit.checkpoint.source.base import Source

__all__ = ["read_claims"]


def read_claims(source: Source) -> tuple[Claims, tuple[str, ...]]:
    """Read all claims, in the order card, configuration, adapter, merge recipe, licence files.

    Returns:
        The claims, and one sentence for each file that could not be read.
    """
    reader = TextReader(source)
    items: list[Claim] = []
    unread: tuple[Unread, ...] = ()
    prose: ProseReader | None = None
    card = next((file for file in sorted(source.files) if file.lower() == "readme.md"), None)
    if card is not None:
        text = reader.text(card)
        stated = claims_of_front_matter(text, card)
        items += stated.stated
        unread, prose = stated.unread, _prose(text, card, _names(source))
        if len(text) > PROSE_LIMIT:
            reader.caveats.append(f"{card}: of its prose, the first {PROSE_LIMIT:,} characters were read")
        reader.caveats += [f"{one.file}: its {one.part} could not be read: {one.reason}" for one in unread]
    items += claims_of_origins(reader)
    items += (replace(claim, standing="licence file") for claim in claims_of_licence_files(reader))
    claims = Claims(tuple(claim for claim in items if claim.value), unread)
    return (claims if prose is None else replace(claims, prose=prose)), tuple(reader.caveats)


def _prose(text: str, card: str, names: tuple[str, ...]) -> ProseReader:
    """The reader of a card's sentences, which imports its grammar when it is asked."""

    def read(kinds: frozenset[ClaimKind]) -> tuple[Claim, ...]:
        from lineage_audit.checkpoint.card.prose import claims_of_prose

        return tuple(claim for claim in claims_of_prose(text, card, names, kinds) if claim.value)

    return read


def _names(source: Source) -> tuple[str, ...]:
    """What the repository is called: the last part of its reference."""
    return (re.split(r"[/\\]", source.ref.partition("@")[0].rstrip("/\\"))[-1],)
