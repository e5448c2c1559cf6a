"""The end of a page: what to keep in mind, which models these were, how to run it again, what the words mean."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from lineage_audit.report.html.markup import Markup, element, joined, name, sentence
from lineage_audit.report.html.page import PageSection, folded
from lineage_audit.report.html.tables import Column, table
from lineage_audit.report.numbers import MISSING, byte_size
from lineage_audit.report.wording import DIGEST_METHODS, base_claim, model_facts, run_words, weight_file_words
from lineage_audit.report.wording.glossary import Term, meaning_of, terms_of
from lineage_audit.results import (
    CertificateGiven,
    CheckReport,
    ModelSummary,
    ReferenceSummary,
    Report,
    Result,
    Run,
    Scalar,
)
from lineage_audit.sizes import plural

_MOST_CAVEATS = 4
_MOST_FILES = 2
"""Weight files that the summary names one by one; a digest pins all of them."""
_MOST_LISTED = 200
_MOST_MODELS = 4
"""Models that the summary pins."""

Pinned = tuple[str, str | None, str | None]
"""What pins the content of a model: reference, revision, digest."""


def brand(result: Result, what: str) -> Markup:
    """The line above everything: which tool, when, by whom if that was said, and what it did."""
    words = [f"lineage-audit {result.tool_version}", *run_words(result.run), what]
    return element("p", sentence(", ".join(words)), class_="brand")


def first_caveats(sentences: Sequence[str]) -> Markup:
    """What a reader must know before quoting the answer, as far as the summary has room."""
    if not sentences:
        return joined()
    first, others = _split(sentences)
    more = element("li", element("a", f"and {len(others)} more", href="#caveats")) if others else None
    items = element("ul", (element("li", sentence(one)) for one in first), more)
    return element("div", element("h2", "Before you quote this"), items, class_="quoting")


def caveats(sentences: Sequence[str]) -> PageSection:
    """What the summary had no room for."""
    _, others = _split(sentences)
    items = element("ul", (element("li", sentence(one)) for one in others)) if others else joined()
    return PageSection("caveats", "What else to know before you quote this", "", items)


def _split(sentences: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The first few, and the rest; a single one more takes no more room than a link to it."""
    first = _MOST_CAVEATS if len(sentences) > _MOST_CAVEATS + 1 else len(sentences)
    return sentences[:first], sentences[first:]


def models(report: Report) -> Markup:
    """Both models side by side, with what pins their content."""
    rows = [
        (label, name(a), name(b))
        for (label, a), (_, b) in zip(_facts(report.a), _facts(report.b), strict=True)
        if not a == b == "none"
    ]
    return table("The two models as they were read", tuple(map(Column, ("Of", "A", "B"))), rows, sortable=False)


def command_line(command: Sequence[str]) -> Markup:
    """The command that gives the same result again."""
    return element("pre", element("code", " ".join(map(shlex.quote, command))))


def reproduce(command: Sequence[str], parameters: Iterable[tuple[str, Scalar]], run: Run | None) -> PageSection:
    """The command line, and the parameters that its numbers depend on."""
    lead = "The same files give the same numbers; the digests say whether they are the same."
    told = [
        element("div", element("dt", name(key)), element("dd", sentence(MISSING if value is None else str(value))))
        for key, value in parameters
    ]
    chosen = folded(
        "Parameters of the run that change a number", element("dl", told, class_="parameters") if told else None
    )
    as_run = folded("The command as it was given", command_line(run.command)) if run and run.command else None
    return PageSection("reproduce", "Run it again", lead, joined(command_line(command), as_run, chosen))


def compare_command(report: Report) -> list[str]:
    """The command that repeats a comparison, revisions pinned."""
    parents = report.parameters.get("parents")
    named = parents.split(", ") if isinstance(parents, str) else []
    options = [word for parent in named for word in ("--parent", parent)]
    base = report.parameters.get("base")
    options += ["--base", base] if isinstance(base, str) else []
    return [
        "lineage-audit",
        "compare",
        with_revision(report.a),
        with_revision(report.b),
        "--effort",
        report.effort,
        *options,
    ]


def check_command(report: CheckReport) -> list[str]:
    """The command that repeats a check, revisions pinned."""
    given = [one for one in report.references if one.origin == "given"]
    options = [word for one in given for word in _given(one)]
    options += [word for one in report.certificates for word in ("--certificate", _named(one.name, one.file))]
    options += [] if report.with_declared else ["--no-declared"]
    signer = report.certificates[0] if report.certificates else CertificateGiven("")
    chosen = {
        "--identity": signer.identity,
        "--issuer": signer.issuer,
        "--trust-config": signer.trust,
        "--policy": report.policy,
        "--baseline": report.baseline,
        "--library": report.library.library if report.library else None,
        "--weights": report.weights,
        "--budget": report.budget,
        "--inconclusive": report.inconclusive,
        "--effort": report.effort,
        "--fail-on": report.fail_on,
    }
    options += [word for option, value in chosen.items() if value is not None for word in (option, str(value))]
    return ["lineage-audit", "check", with_revision(report.subject), *options]


def _given(reference: ReferenceSummary) -> tuple[str, str]:
    """How a reference was given: with what was stated of it, on which findings depend."""
    option = "--base" if reference.is_base else "--earlier" if reference.is_earlier else "--reference"
    return option, _named(reference.name, with_revision(reference))


def _named(name: str | None, given: str) -> str:
    """A model or a file, with what was said of which declared base it is."""
    return f"{name}={given}" if name else given


def first_pinned(models: Sequence[Pinned]) -> Markup:
    """What pins the models that were read, as far as the summary has room."""
    more = len(models) - _MOST_MODELS
    rest = element("p", element("a", f"and {plural(more, 'more model')}", href="#models"), class_="aside")
    return joined(_pins(models[:_MOST_MODELS]), rest if more > 0 else None)


def pinned(models: Sequence[Pinned]) -> PageSection:
    """The same of all models, where the summary had no room for them."""
    body = _pins(models) if len(models) > _MOST_MODELS else joined()
    return PageSection("models", "The models as they were read", "", body)


def _pins(models: Sequence[Pinned]) -> Markup:
    is_pinned = any(revision for _, revision, _ in models)
    headings = ("Model", "Revision", "Digest") if is_pinned else ("Model", "Digest")
    rows = ((name(ref), *((name(revision),) if is_pinned else ()), name(digest)) for ref, revision, digest in models)
    columns = tuple(map(Column, headings))
    return table("What pins each model that was read", columns, rows, sortable=len(models) > _MOST_MODELS)


def weight_files(report: Report) -> PageSection:
    """Every weight file of both models with its hash, where the summary had no room for them."""
    columns = (Column("Of"), Column("File and hash", is_wide=True))
    rows = [
        (side, name(weight_file_words(file)))
        for side, model in (("A", report.a), ("B", report.b))
        for file in (model.files[:_MOST_LISTED] if len(model.files) > _MOST_FILES else ())
    ]
    body = folded(plural(len(rows), "weight file"), table("The weight files as they were read", columns, rows))
    return PageSection("files", "Weight files", "", body)


def with_revision(model: ModelSummary | ReferenceSummary) -> str:
    """A reference with its revision, where it has one."""
    return f"{model.ref.split('@')[0]}@{model.revision}" if model.revision else model.ref


def _facts(model: ModelSummary) -> tuple[tuple[str, str], ...]:
    """The head of a model, its revision and digest in full."""
    whole = {
        "Model": model.ref,
        "Revision": model.revision or "none",
        "Licence claim": model.license or "none",
        "Claimed base": base_claim(model),
    }
    head = tuple((label, whole.get(label, value)) for label, value in model_facts(model))
    files = "; ".join(weight_file_words(file) for file in model.files[:_MOST_FILES]) or "none"
    more = f" and {len(model.files) - _MOST_FILES:,} more" if len(model.files) > _MOST_FILES else ""
    digest = f"{model.digest} ({DIGEST_METHODS[model.digest_method]})"
    return (*head, ("Digest", digest), ("Weight files", files + more), ("Read", byte_size(model.bytes_read)))


def words(kind: type) -> PageSection:
    """Every word of a kind of result that the glossary explains."""
    entries = element("dl", map(_entry, terms_of(kind)), class_="words")
    return PageSection("words", "What the words mean", "", entries)


def explained(label: str) -> Markup:
    """A label that leads to its meaning, where it has one."""
    return element("a", label, href=f"#{_anchor(label)}", class_="word") if meaning_of(label) else joined(label)


def _entry(term: Term) -> Markup:
    return joined(element("dt", term.word, id=_anchor(term.word)), element("dd", sentence(term.meaning)))


def _anchor(word: str) -> str:
    return f"word-{word.lower().replace(' ', '-')}"
