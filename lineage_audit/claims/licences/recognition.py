"""Which licence a text is: by its whole body where that is known, else by several phrases; never by its title alone."""

from __future__ import annotations

from msgspec import Struct

from lineage_audit.claims.licences.body import Body, body_words, runs_of, words_of
from lineage_audit.claims.licences.catalogue import catalogue
from lineage_audit.claims.licences.licence import Licence

_HEAD = 3000
"""Characters of a text in which its title is looked for."""
_MOST = 0.4
"""Share of a known text that makes a file a form of it, however changed."""
_QUOTED = 200
"""Characters quoted of what was added."""


class Recognised(Struct, frozen=True):
    """What a text was recognised as.

    Attributes:
        licence: the licence whose text it holds, or None.
        changes: how it differs from that text, one phrase each; without a known body nothing can be said.
    """

    licence: Licence | None
    changes: tuple[str, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """Whether the text is a known licence, and nothing was found in it besides."""
        return self.licence is not None and not self.changes


def recognise(text: str) -> Recognised:
    """Recognise a licence text: the licence with the longest phrases, else the body that it differs the least from."""
    return _by_phrases(words_of(text)) or _by_body(body_words(text)) or Recognised(None)


def _by_phrases(words: str) -> Recognised | None:
    """The first phrase is the title, or stands where a title would: a text further down is a quotation."""
    head = words[:_HEAD]
    matching = [
        licence
        for licence in catalogue().values()
        if licence.text and licence.text[0] in head and all(phrase in words for phrase in licence.text)
    ]
    best = max(matching, key=lambda licence: sum(map(len, licence.text)), default=None)
    return Recognised(best) if best is not None else None


def _by_body(words: tuple[str, ...]) -> Recognised | None:
    bodies: dict[Body, Licence] = {entry.body: entry for entry in tuple(catalogue().values())[::-1] if entry.body}
    runs = runs_of(words)
    forms = [(licence, body.in_words(words)) for body, licence in bodies.items() if body.share_in(runs) >= _MOST]
    if not forms:
        return None
    licence, best = min(forms, key=lambda form: form[1].apart)
    lacking = (f'it lacks "{_cut(clause)}"' for clause in best.missing)
    return Recognised(licence, (*(f'it adds "{_cut(clause)}"' for clause in best.added), *lacking))


def _cut(clause: str) -> str:
    return clause if len(clause) <= _QUOTED else clause[:_QUOTED].rstrip() + " …"
