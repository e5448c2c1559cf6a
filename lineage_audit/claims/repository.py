"""A repository as a check sees it: its words always, its weights where they can be read."""

from __future__ import annotations

import re
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint, open_checkpoint, read_checkpoint, split_reference
from lineage_audit.checkpoint.card import read_claims
from lineage_audit.checkpoint.card.text_files import TextReader
from lineage_audit.checkpoint.claims import Claims
from lineage_audit.checkpoint.source import open_source
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.claims.licences import Licence, Recognised, recognise, words_of
from lineage_audit.claims.names import model_name
from lineage_audit.errors import LineageAuditError, UnsafeFileError

_TEXT_NAME = re.compile(
    r"[^/]+\.(?:md|txt|rst)|[^/.]*(?:licen[cs]e|notice|copying|modelfile)[^/]*"
    r"|(?:licen[cs]es?|original|legal)/[^/]*(?:licen[cs]e|notice|copying|terms|use_policy)[^/]*"
    r"|licen[cs]es?/[^/]+\.(?:md|txt|rst)",
    re.IGNORECASE,
)
"""Texts in the root, and licence texts in the folders where they are kept."""
_NOT_TEXT = re.compile(r".*\.(?:pdf|docx?|rtf|odt|html?|png|jpe?g|svg)", re.IGNORECASE)
_LICENCE_NAME = re.compile(r"(?:.*/)?[^/]*(?:licen[cs]e|copying)[^/]*", re.IGNORECASE)
_TEXT_LIMIT = 2**20
"""Largest text in which sentences are looked for, in bytes."""
_COUNT_LIMIT = 40
_SHORTEST_LICENCE = 600
"""Fewest characters of a licence's own text; less is a mention."""


class RepositoryText(Struct, frozen=True, dict=True):
    """One text file of a repository, in its root or in a folder of licences.

    Attributes:
        file: its name inside the repository.
        text: its content, lines ending in a line feed.
    """

    file: str
    text: str

    @cached_property
    def words(self) -> str:
        """The text as ``words_of`` writes it."""
        return words_of(self.text)

    @cached_property
    def recognised(self) -> Recognised:
        """The licence whose text this file is, recognised by its words and not by its name."""
        if self.is_card or len(self.words) < _SHORTEST_LICENCE:
            return Recognised(None)
        return recognise(self.text)

    @property
    def licence(self) -> Licence | None:
        """The licence whose text this file holds, whatever stands there besides."""
        return self.recognised.licence

    @property
    def is_card(self) -> bool:
        """Whether this is the model card."""
        return self.file.lower() == "readme.md"

    def line_of(self, phrase: str) -> int | None:
        """The first line that holds the beginning of a phrase, or None."""
        first = words_of(phrase).split()[:3]
        for number, line in enumerate(self.text.split("\n"), start=1):
            if " ".join(first) in words_of(line):
                return number
        return None


class Repository(Struct, frozen=True):
    """One model's repository.

    Attributes:
        source: its files.
        claims: what it says of itself.
        texts: its text files, the card first.
        checkpoint: its weights and configuration, or None where they cannot be read.
        obstacle: why not, or None.
        caveats: what else could not be read.
    """

    source: Source
    claims: Claims
    texts: tuple[RepositoryText, ...]
    checkpoint: Checkpoint | None
    obstacle: str | None
    caveats: tuple[str, ...]

    @property
    def unread_licences(self) -> tuple[str, ...]:
        """Licence files that are no text, or too large: they are there, and what they say is not known."""
        read = {text.file for text in self.texts}
        return tuple(file for file in sorted(self.source.files) if _LICENCE_NAME.fullmatch(file) and file not in read)

    @property
    def ref(self) -> str:
        """The reference that it was opened by."""
        return self.source.ref

    @property
    def name(self) -> str:
        """``org/name`` of a Hub repository, or the name of the folder."""
        return model_name(self.source.ref)

    @property
    def card(self) -> RepositoryText | None:
        """The model card."""
        return next((text for text in self.texts if text.is_card), None)

    @property
    def digest(self) -> str | None:
        """What pins the weights, or None where they cannot be read."""
        return self.checkpoint.digest if self.checkpoint else None


def open_repository(ref: str, weights: str | None = None) -> Repository:
    """Open a reference; of ``BASE+ADAPTER`` the words are the adapter's, and the weights those of both together.

    Raises:
        LineageAuditError: it cannot be found, or a weight file is unsafe.
    """
    first, *added = split_reference(ref)
    if not added:
        return read_repository(open_source(first), weights)
    words, checkpoint = read_words(open_source(added[-1])), open_checkpoint(ref, weights)
    caveats = tuple(dict.fromkeys((*checkpoint.caveats, *words.caveats)))
    return replace(words, checkpoint=checkpoint, obstacle=None, caveats=caveats)


def read_repository(source: Source, weights: str | None = None) -> Repository:
    """Read a repository's words, and its weights' headers where they are there.

    Raises:
        UnsafeFileError: a weight file asks for something that no weights need.
        LineageAuditError: the repository itself cannot be read.
    """
    texts = _texts(source)
    try:
        checkpoint = read_checkpoint(source, weights)
    except UnsafeFileError:
        raise
    except LineageAuditError as error:
        claims, caveats = read_claims(source)
        return Repository(source, claims, texts, None, str(error), caveats)
    return Repository(source, checkpoint.claims, texts, checkpoint, None, checkpoint.caveats)


def read_words(source: Source) -> Repository:
    """Read a repository's words alone, when its weights are of no interest."""
    claims, caveats = read_claims(source)
    return Repository(source, claims, _texts(source), None, "only its words were read", caveats)


def _texts(source: Source) -> tuple[RepositoryText, ...]:
    """Read the text files of the root and of its folders of licences; ``read_claims`` says which could not be read."""
    reader = TextReader(source)
    names = [name for name in source.files if _is_text(name) and source.files[name].size <= _TEXT_LIMIT]
    names.sort(key=lambda name: (name.lower() != "readme.md", name))
    return tuple(RepositoryText(name, reader.text(name)) for name in names[:_COUNT_LIMIT])


def _is_text(name: str) -> bool:
    return _TEXT_NAME.fullmatch(name) is not None and _NOT_TEXT.fullmatch(name) is None
