"""What a base's licence asks a derivative's repository to show: copy, notice, attribution, name, changes, restrictions.

Each obligation is one function from case and licence to what is missing; the rules look at licences of bases that the
weights show. The same functions serve the bases that only the repository's words name (``contradictions``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from lineage_audit.claims.case import Case, Debt
from lineage_audit.claims.licences import Licence, Obligation, words_of
from lineage_audit.claims.repository import Repository, RepositoryText
from lineage_audit.claims.rules.base import Draft, Rule, licence_lines
from lineage_audit.claims.rules.licence_fit import misfit_of
from lineage_audit.results import Edit

_Missing = Callable[[Case, Licence, Repository | None], str | None]
"""From the case, the licence and the repository of the model under it (if read) to what is missing, or None."""

_NOTICE_START = 12
"""Words of a kept NOTICE that are looked for."""
_NOTICE_FILE = re.compile(r"notice(?:\.txt|\.md)?", re.IGNORECASE)
_CHANGED = re.compile(
    r"\b(?:modif|fine tun|finetun|adapt|chang|merg|quanti[sz]|continued pretrain|further train|derivative|distill"
    r"|trained on top|convert)|微调|微調|继续预训练|追加事前学習"
)


def _missing_copy(case: Case, licence: Licence, _base: Repository | None) -> str | None:
    """A copy of the licence text, or a link where the licence takes one; a file that is no text may be the copy."""
    owed = licence.owes
    held = (text.licence for text in _texts(case) if text.licence is not None)
    if not owed.copy or case.subject.unread_licences or any(_same_text(text, licence) for text in held):
        return None
    if owed.copy == "text-or-link" and any(
        link.lower() in text.text.lower() for link in owed.links for text in _texts(case)
    ):
        return None
    either = f", nor a link to {owed.links[0]}" if owed.copy == "text-or-link" else ""
    return f"no file with the text of the {licence.name}{either}"


def _missing_notice(case: Case, licence: Licence, base: Repository | None) -> str | None:
    """The notice that the licence words, or the base's own NOTICE file."""
    if licence.owes.notice and not _holds(case, licence.owes.notice):
        return f'no notice that says "{licence.owes.notice} ..."'
    if licence.owes.notice_kept and base is not None:
        notice = _own_notice(base)
        if notice is not None:
            start = " ".join(notice.words.split()[:_NOTICE_START])
            if not any(start in text.words for text in _texts(case)):
                return f"the text of the base's {notice.file}"
    return None


def _missing_attribution(case: Case, licence: Licence, _base: Repository | None) -> str | None:
    """One of the sentences that the licence asks for."""
    wanted = licence.owes.attribution
    if not wanted or any(_holds(case, sentence) for sentence in wanted):
        return None
    return "no sentence " + " or ".join(f'"{sentence}"' for sentence in wanted)


def _missing_name_prefix(case: Case, licence: Licence, _base: Repository | None) -> str | None:
    """The name's beginning."""
    prefix = licence.owes.name_prefix
    if not prefix or any(_joined(name).startswith(_joined(prefix)) for name in case.model_names):
        return None
    return f'a name that begins with "{prefix}"; it is called {case.model_names[0]}'


def _missing_changes(case: Case, licence: Licence, _base: Repository | None) -> str | None:
    """A statement that the base was changed; ``base_model_relation`` is one."""
    if not licence.owes.changes or case.statements.of("base_model_relation"):
        return None
    if any(_CHANGED.search(text.words) for text in _texts(case) if text.licence is None):
        return None
    return "no statement that the base's files were changed"


def _missing_restrictions(case: Case, licence: Licence, _base: Repository | None) -> str | None:
    """The use restrictions, where the derivative has a licence of its own that is not of the same family."""
    owed, stated = licence.owes.restrictions, case.licence
    if not owed or stated is None or not stated.is_known or misfit_of(stated, licence):
        return None
    if any(option.family == licence.family for option in stated.options):
        return None
    if any(words_of(phrase) in text.words for phrase in owed for text in _texts(case) if text.licence is not licence):
        return None
    return f"no words that pass on the use restrictions of the {licence.name}"


def _own_notice(base: Repository | None) -> RepositoryText | None:
    """The NOTICE file of a base."""
    texts = base.texts if base is not None else ()
    return next((text for text in texts if re.match(r"notice", text.file, re.IGNORECASE) and text.words), None)


OBLIGATIONS: Mapping[Obligation, _Missing] = {
    "copy": _missing_copy,
    "notice": _missing_notice,
    "attribution": _missing_attribution,
    "name_prefix": _missing_name_prefix,
    "changes": _missing_changes,
    "restrictions": _missing_restrictions,
}


def _texts(case: Case) -> tuple[RepositoryText, ...]:
    return case.subject.texts


def _holds(case: Case, sentence: str) -> bool:
    """Whether a text other than the licence itself, which quotes its own notice, holds a sentence."""
    wanted = words_of(sentence)
    return any(wanted in text.words for text in _texts(case) if text.licence is None)


def _same_text(text: Licence, licence: Licence) -> bool:
    """Whether a licence text is the licence's own, or that of the licence that it refines."""
    return text.key == licence.key or text.key == licence.refines


def _joined(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _finder(obligation: Obligation, fix: str) -> Callable[[Case], Iterator[Draft]]:
    """The function that reports one obligation."""

    def find(case: Case) -> Iterator[Draft]:
        for debt in case.debts:
            missing = OBLIGATIONS[obligation](case, debt.licence, debt.repository)
            if missing:
                yield _draft(case, debt, obligation, missing, fix)

    return find


def _draft(case: Case, debt: Debt, obligation: Obligation, missing: str, fix: str) -> Draft:
    return Draft(
        message=f"The repository is inconsistent with the {debt.licence.name} of {debt.origin}. Missing: {missing}.",
        evidence=(*licence_lines(case, debt), f"terms: {debt.licence.source}"),
        fix=fix.format(
            licence=debt.licence.name,
            source=debt.licence.source,
            notice=debt.licence.owes.notice or "the base's own",
            sentence=debt.licence.owes.attribution[0] if debt.licence.owes.attribution else "",
            prefix=debt.licence.owes.name_prefix,
        ),
        location=case.place("license"),
        about=debt.licence.key,
        reference=debt.reference,
        level=debt.licence.owes.levels.get(obligation),
        properties={"base_licence": debt.licence.key, "obligation": obligation},
        edits=tuple(_notice_edits(case, debt)) if obligation == "notice" else (),
    )


def _notice_edits(case: Case, debt: Debt) -> Iterator[Edit]:
    """The notice that the licence words, and the base's own, for the subject's NOTICE file."""
    file = next((text.file for text in _texts(case) if _NOTICE_FILE.fullmatch(text.file)), "NOTICE")
    owed = debt.licence.owes
    if owed.notice_line and not _holds(case, owed.notice):
        yield Edit(file, None, owed.notice_line)
    kept = _own_notice(debt.repository) if owed.notice_kept else None
    if kept is not None:
        yield Edit(file, None, kept.text)


RULES = (
    Rule(
        "LA211",
        "notice-missing",
        "The notice that the base's licence asks for is missing",
        "error",
        "Looks for the notice's words in every text of the repository's root but the licence itself, and for the "
        "base's own NOTICE file where its licence wants that kept. Add a NOTICE file.",
        _finder("notice", "Add a file NOTICE with the notice: {notice}."),
    ),
    Rule(
        "LA212",
        "attribution-missing",
        "The attribution sentence that the base's licence asks for is missing",
        "error",
        'Looks for the sentence (such as "Built with Llama") in the card and every other text of the repository\'s '
        "root but the licence itself. Add it to the card.",
        _finder("attribution", 'Add the sentence "{sentence}" to the card.'),
    ),
    Rule(
        "LA213",
        "licence-copy-missing",
        "A copy of the base's licence is missing",
        "error",
        "Looks for the licence's text, recognised by its words, in the repository's root; a warning for permissive "
        "licences, whose text the Hub's label often stands for. Add the text as a file.",
        _finder("copy", "Add the text of the {licence} as a file LICENSE ({source})."),
    ),
    Rule(
        "LA214",
        "name-prefix-missing",
        "The model's name does not begin as the base's licence asks",
        "error",
        "Looks at the repository's name; of a local folder also at the card's first heading. Rename the model, or "
        "state its published name as claims.name in the policy.",
        _finder("name_prefix", 'Let the model\'s name begin with "{prefix}".'),
    ),
    Rule(
        "LA215",
        "changes-not-stated",
        "Nothing says that the base's files were changed",
        "warning",
        "Looks for base_model_relation, or words such as fine-tuned, modified or quantised, in the repository's texts. "
        "Say in the card what was changed.",
        _finder("changes", "Say in the card that the base was changed, and how; base_model_relation is enough."),
    ),
    Rule(
        "LA216",
        "restrictions-not-passed-on",
        "The base's use restrictions are not passed on",
        "error",
        "Looks for words that pass on the use restrictions, where the derivative has another use-restricted or "
        "non-commercial licence. Keep the base's licence, or add its restrictions.",
        _finder("restrictions", "Keep the {licence}, or add its use restrictions to the licence stated."),
    ),
)
