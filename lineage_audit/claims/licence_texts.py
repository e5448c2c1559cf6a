"""Which of a repository's licence files speak for its weights: not the code's, the data's or a third party's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from lineage_audit.claims.licences import described, words_of
from lineage_audit.claims.repository import RepositoryText

Subject = Literal["weights", "code", "data", "others", "anything"]

_LICENCE = re.compile(r"licen[cs]e|copying|terms", re.IGNORECASE)
_SUBJECTS: Mapping[Subject, re.Pattern[str]] = {
    "others": re.compile(r"third[-_ ]?part|3rd[-_ ]?part|notice|dependenc|vendor|use[-_ ]?polic", re.IGNORECASE),
    "weights": re.compile(r"(?<![a-z])(?:models?|weights?|checkpoints?)(?![a-z])", re.IGNORECASE),
    "code": re.compile(r"(?<![a-z])(?:code|source|software|scripts?|repo(?:sitory)?)(?![a-z])", re.IGNORECASE),
    "data": re.compile(r"(?<![a-z])(?:data|datasets?)(?![a-z])", re.IGNORECASE),
}
"""What a licence file is about -> how its name says so; the first that fits."""
_MENTION = 60
"""Most words of a file that names a licence and does not hold its text."""

_MOST_CHANGES = 4
"""Most changes of one text that are quoted."""
_TERMS = re.compile(r"commercial|research|prohibit|forbid|restrict|reserved|permission")
"""Words of a text that sets terms of its own."""


def about(file: str) -> Subject:
    """What a licence file is about, by its name: ``LICENSE-CODE``, ``MODEL_LICENSE``."""
    spaced = re.sub(r"[_\W]+", " ", file)
    return next((subject for subject, pattern in _SUBJECTS.items() if pattern.search(spaced)), "anything")


def texts_of_weights(texts: Sequence[RepositoryText], link: str | None) -> tuple[RepositoryText, ...]:
    """The licence texts that speak for the weights: the one that the card links, else the one called so, else all.

    A text that is called something else and is a licence all the same counts where no file is called a licence.

    Args:
        texts: the repository's text files.
        link: what ``license_link`` says, or None.
    """
    files = [text for text in texts if not text.is_card and about(text.file) not in ("code", "data", "others")]
    linked = [text for text in files if link and _leads_to(link, text.file)]
    called = [text for text in files if _LICENCE.search(text.file)]
    own = [text for text in called if about(text.file) == "weights"]
    return tuple(linked or own or called or [text for text in files if text.recognised.licence is not None])


def _is_mention(text: RepositoryText) -> bool:
    """Whether a file only names a known licence, as "Apache-2.0, see the address" does."""
    words = text.words.split()
    if len(words) > _MENTION or _TERMS.search(text.words):
        return False
    runs = (" ".join(words[start : start + size]) for size in range(1, 8) for start in range(len(words) - size + 1))
    return any(described(run) is not None for run in runs)


def changed(text: RepositoryText) -> str | None:
    """How a text differs from the known licence whose words it holds, as one sentence; None where it does not."""
    recognised = text.recognised
    if recognised.licence is None or not recognised.changes:
        return None
    return f"{text.file} is not the plain {recognised.licence.name}: {'; '.join(recognised.changes[:_MOST_CHANGES])}"


def is_strange(text: RepositoryText) -> bool:
    """Whether a text holds no licence that is known, and does not name one either."""
    return text.licence is None and not _is_mention(text)


def _leads_to(link: str, file: str) -> bool:
    """Whether a link, a file's name or an address that ends in it, leads to a file of the repository."""
    target = link.strip().partition("#")[0].partition("?")[0].rstrip("/").removeprefix("./")
    return words_of(target) == words_of(file) or target.lower().endswith("/" + file.lower())
