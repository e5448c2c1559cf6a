"""What a sentence says of the card's own model: its base, or that it was trained from scratch.

One grammar for languages that put the subject first: ``subject copula (noun phrase) participle name``. A sentence whose
subject is not known to be the card's own model says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from lineage_audit.checkpoint.card.prose.language import Language
from lineage_audit.checkpoint.card.prose.mentions import MENTION, OWN, Masked
from lineage_audit.checkpoint.card.prose.units import Unit
from lineage_audit.checkpoint.claims import ClaimKind

_CONJUNCTION = r"(?:\s?(?:,|/|&|\+|×)\s?|\s(?:x|and|with|et|und|y|e|и)\s)"
_EXACT = rf"{MENTION}(?:\s?\({MENTION}[^()]*\))?"
_LIST = rf"(?P<names>{_EXACT}(?:(?:,\s?and\s|{_CONJUNCTION}){_EXACT})*)"
_OPENINGS = (
    r"[;:—–(]\s",
    "[;:—–(]",
    r",\s",
    r"\sand\s",
    r"\sbut\s",
    r"^In\sthis\swork\s",
    r"^As\s",
    r"^Since\s",
    r"^Because\s",
)
_START = rf"(?:^|{'|'.join(f'(?<={opening})' for opening in _OPENINGS)})"
"""Where a clause begins, and with it a subject."""
_ASIDE = rf"[^{MENTION[1:-1]};?!]{{0,160}}?"
_QUESTION = re.compile(r"\?[\s\"')*]*$")
_LEADING = re.compile(rf"^(?:(?![{MENTION[1:-1]}{OWN}])[^\w(\[\"“‘«'])+")


class _Frame(Struct, frozen=True):
    """One form that a statement has.

    Attributes:
        pattern: over a masked sentence; its group ``names`` holds the bases, its group ``subject`` whom it speaks of.
        needs: what every sentence of this form holds. It is looked for first: the whole form is slow to compile.
        claims: what such a statement claims.
        whole: whether a word that denies may stand nowhere in the sentence, rather than not before the name.
    """

    pattern: str
    needs: str
    claims: ClaimKind = "derived_from"
    whole: bool = False

    def found_in(self, text: str, language: Language) -> Iterator[re.Match[str]]:
        """Where the form stands in a masked sentence."""
        if language.compiled(self.needs).search(text) is not None:
            yield from language.compiled(self.pattern).finditer(text)


class Said(Struct, frozen=True):
    """What one sentence says of the model: its bases, or that it has none.

    Attributes:
        at: where in the masked sentence.
        names: the bases, empty where it was trained from scratch.
    """

    at: int
    names: tuple[str, ...]


def may_state(sentence: Masked, language: Language, kinds: frozenset[ClaimKind]) -> bool:
    """Whether a sentence holds what any statement does: a model's name, or a word of training from scratch."""
    names_a_base = "derived_from" in kinds and bool(sentence.names)
    return names_a_base or language.compiled(language.one("scratch_word")).search(sentence.text) is not None


def said_in(
    sentence: Masked, unit: Unit, language: Language, kinds: frozenset[ClaimKind], *, pronoun_is_own: bool
) -> Iterator[Said]:
    """Read what one sentence says of the card's own model.

    Args:
        sentence: the sentence, masked.
        unit: where it stands.
        language: the language to read it in.
        kinds: which claims are read.
        pronoun_is_own: whether "it" means the card's own model here.
    """
    text = _LEADING.sub("", sentence.text)
    offset = len(sentence.text) - len(text)
    if _QUESTION.search(text):
        return
    denied = language.compiled(language.one("denied"))
    for frame in (frame for frame in _frames(language, _place(unit)) if frame.claims in kinds):
        for match in frame.found_in(text, language):
            named = match.groupdict().get("names")
            stop = len(text) if frame.whole else match.start("names") if named else match.end()
            if denied.search(text, match.start(), stop) or not (pronoun_is_own or not _is_pronoun(match, language)):
                continue
            yield Said(
                offset + (match.start("names") if named else match.end()), _named(named, sentence) if named else ()
            )


def _is_pronoun(match: re.Match[str], language: Language) -> bool:
    subject = match.groupdict().get("subject")
    return subject is not None and subject.lower() in language.table.get("pronouns", ())


def _named(names: str, sentence: Masked) -> tuple[str, ...]:
    """The models of a list; of "a name (org/name)", the exact one."""
    found = []
    for exact in re.finditer(rf"({MENTION})(?:\s?\(({MENTION})[^()]*\))?", names):
        plain, precise = sentence.name(exact[1]), sentence.name(exact[2]) if exact[2] else ""
        found.append(precise if "/" in precise and "/" not in plain else plain)
    return tuple(found)


def _place(unit: Unit) -> str:
    """Where a statement without a subject may stand: the title, another heading, or a sentence."""
    return {"heading": "heading", "sentence": "sentence"}.get(unit.kind, "item")


@cache
def _frames(language: Language, place: str) -> tuple[_Frame, ...]:
    """Every form of a language, those without a subject only where they may stand."""
    return (*_with_subject(language), *_of_speakers(language), *_of_scratch(language), *_fragments(language, place))


def _with_subject(language: Language) -> Iterator[_Frame]:
    """Statements with a subject of their own."""
    subject = rf"{_START}(?P<subject>{language.any_of('subjects')})"
    copula = language.any_of("copulas")
    fillers, form = language.one("fillers"), rf"(?!{language.one('form_only')})"
    base = rf"\s?{fillers}{_LIST}{form}"
    between = _noun_phrase(language)
    leads, finite = language.any_of("leads"), language.any_of("finite")
    for form_of in (
        rf"{subject}\s?{copula}\s?{between}{leads}{base}",
        rf"{subject}\s{copula}\s{_ASIDE},?\s(?:and|but|et|und|y|e|и)\s(?:{copula}\s)?{between}{leads}{base}",
        rf"{subject}\s{copula}\s{_ASIDE},\s{leads}{base}",
        rf"^(?P<subject>{language.any_of('subjects')}),\s{leads}{base}",
    ):
        yield _Frame(form_of, leads)
    yield _Frame(rf"{subject}\s(?:\w+ly\s)?{finite}{base}", finite)
    if "apposed" in language.table:
        noun_phrase = rf"(?:(?!{language.any_of('stops')}\b)[\w-]+\s){{0,6}}?"
        yield _Frame(rf"{language.one('apposed')}\s{noun_phrase}{leads}{base}", leads)
    for form_of in language.table.get("name_first", ()):
        yield _Frame(rf"{subject}\s(?:{copula}\s{_ASIDE})?{_naming(form_of)}", _around(form_of))
    if "identity_followed_by" in language.table:
        after = language.one("identity_followed_by")
        yield _Frame(rf"{subject}\s?{copula}\s{fillers}{_LIST}{after}", after)
    files = language.any_of("files")
    yield _Frame(rf"^{files}{base}", files)


def _naming(form: str) -> str:
    """A form around one name as a form around a list of them."""
    return form.replace("{M}", _LIST)


def _around(form: str) -> str:
    """What such a form needs: its words, before and after the first name and whatever follows that."""
    return form.replace("{M}", "{M}.*?")


def _noun_phrase(language: Language) -> str:
    """The words between copula and participle: none of them one that changes of whom is spoken."""
    word, _, count = language.table["between"].rpartition("{")
    return rf"(?:(?!{language.any_of('stops')}\b){word.removeprefix('(?:')}{{{count}"


def _of_speakers(language: Language) -> Iterator[_Frame]:
    """Statements of those who made the model: "we fine-tuned"."""
    if "speakers" not in language.table:
        return
    fillers, form = language.one("fillers"), rf"(?!{language.one('form_only')})"
    who, starting = language.any_of("speakers"), language.any_of("starting")
    speakers = rf"{_START}{who}(?:\s(?:have|then|first|simply|further|also|later))?"
    needs, then = language.one("actives_need"), language.one("actives_followed_by")
    enough = rf"(?!{needs}\b){language.any_of('actives')}"
    yield _Frame(rf"{speakers}\s{enough}\s{fillers}{_LIST}{form}", rf"{who}\b", whole=True)
    yield _Frame(rf"{speakers}\s{needs}\s{fillers}{_LIST}{then}", rf"{who}\b.*?{needs}", whole=True)
    using = language.one("actives_with")
    yield _Frame(rf"{speakers}\s{using}\s{fillers}{_LIST}{form}", using, whole=True)
    yield _Frame(rf"{_START}{starting}\s{fillers}{_LIST}{form}", starting, whole=True)


def _of_scratch(language: Language) -> Iterator[_Frame]:
    """Statements of training from scratch."""
    subject = rf"{_START}(?P<subject>{language.any_of('subjects')})"
    copula, scratch = language.any_of("copulas"), language.any_of("scratch")
    yield _Frame(rf"{subject}\s?{copula}\s{_noun_phrase(language)}{scratch}", scratch, "from_scratch")
    yield _Frame(rf"{subject}\s?{copula}\s{_ASIDE},\s{scratch}", scratch, "from_scratch")
    yield _Frame(rf"^{language.any_of('files')}\s{_noun_phrase(language)}{scratch}", scratch, "from_scratch")
    if "speakers" in language.table:
        speakers = rf"{_START}{language.any_of('speakers')}"
        yield _Frame(rf"{speakers}\s{language.one('scratch_active')}", language.one("scratch_word"), "from_scratch")


def _fragments(language: Language, place: str) -> Iterator[_Frame]:
    """Statements without a subject, which speak of the card's model by where they stand."""
    others = rf"^(?!{language.one('not_of_us')})"
    fillers, form = language.one("fillers"), rf"(?!{language.one('form_only')})"
    yield _Frame(rf"{others}{language.one('scratch_fragment')}", language.one("scratch_word"), "from_scratch")
    if place == "item" or "fragment" not in language.table:
        return
    fragment, leads, nouns_lead = language.one("fragment"), language.any_of("fragment_leads"), language.any_of("leads")
    yield _Frame(rf"{others}{fragment}{leads}\s{fillers}{_LIST}{form}", leads)
    yield _Frame(rf"{others}{language.one('fragment_noun')}\s{nouns_lead}\s?{fillers}{_LIST}{form}", nouns_lead)
    for form_of in language.table["fragment_name_first"]:
        yield _Frame(others + _naming(form_of), _around(form_of))
    ended = r"(?=\W*$|\s(?:with|using|by|via)\b)"
    leads = language.any_of("sentence_leads")
    yield _Frame(rf"{others}{leads}\s{fillers}{_LIST}{form}{ended}", leads)
    if place == "heading":
        leads = language.any_of("heading_leads")
        yield _Frame(rf"{others}{leads}\s{fillers}{_LIST}{form}\W*$", leads)
