"""How much, how, and how surely one open-weight model derives from another.

>>> import lineage_audit
>>> report = lineage_audit.compare("path/to/a", "org/name@revision")  # doctest: +SKIP
>>> report.verdict.relation  # doctest: +SKIP
'derived'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage_audit.errors import LineageAuditError
from lineage_audit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lineage_audit.arguments import Reference
    from lineage_audit.certificate import Certificate, Signer, Signing
    from lineage_audit.claims.policy import WhenInconclusive
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.progress import Progress
    from lineage_audit.comparison.reading.kernels import Device
    from lineage_audit.library.fingerprint import Fingerprint
    from lineage_audit.results import (
        Behaviour,
        CheckReport,
        Comparisons,
        Evidence,
        FailOn,
        FamilyTree,
        Finding,
        Identification,
        Inspection,
        Manner,
        Operation,
        Relative,
        Report,
        Run,
        Unmixing,
        Verdict,
        Verification,
    )

__all__ = [
    "Behaviour",
    "CheckReport",
    "Comparisons",
    "Evidence",
    "FamilyTree",
    "Finding",
    "Identification",
    "Inspection",
    "LineageAuditError",
    "Operation",
    "Relative",
    "Report",
    "Run",
    "Signer",
    "Signing",
    "Unmixing",
    "Verdict",
    "Verification",
    "__version__",
    "behave",
    "certify",
    "check",
    "compare",
    "compare_many",
    "fingerprint",
    "identify",
    "inspect",
    "tree",
    "unmix",
    "verify",
]


_OF_SIGNATURES = ("Signer", "Signing")


def __getattr__(name: str) -> object:
    """The types of results, loaded when one is first named: ``import lineage_audit`` alone costs nothing."""
    if name in _OF_SIGNATURES:
        from lineage_audit import certificate

        return getattr(certificate, name)
    if name in __all__:
        from lineage_audit import results

        return getattr(results, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


_NOTHING_TO_SIGN = "what is signed is the file of a certificate; give the path of one"

_SKETCHES = ("full", "sample")
"""How much of a model a fingerprint is made of."""


def compare(
    a: Reference,
    b: Reference,
    *,
    effort: EffortChoice = "auto",
    progress: Progress | None = None,
    parents: Reference | Iterable[Reference] = (),
    base: Reference | None = None,
    weights: str | None = None,
    device: Device = "cpu",
    budget: int | None = None,
    certificate: str | Path | None = None,
    signing: Signing | None = None,
    library: str | Path | None = None,
) -> Report:
    """Compare two models.

    Args:
        a: a local folder or file, a Hub repository ``org/name[@revision]``, or a fingerprint file; the suspected
            ancestor, if any.
        b: the same for the other model.
        effort: how much of the weights to read: ``auto``, ``metadata``, ``sample``, ``search`` or ``full``.
        progress: told how far reading has come.
        parents: models that B may be a merge of, beside A.
        base: a common base: what A and B share beyond it is measured. Without it the base of a merge is A (deprecated).
        weights: of B, where it is a training checkpoint with several sets of weights, the name of the one that is read.
        device: where sums are taken: ``cpu``, or ``cuda`` where PyTorch has a graphics card.
        budget: bytes of weights that a sample may read of each model; by their size where it is None.
        certificate: where to write what shows that the two are not independent, if anywhere; the report's
            ``certificate`` links to it, or says why none was written.
        signing: sign the certificate, by sigstore's library, as whoever runs this.
        library: a library of fingerprints; its models that are independent of B are further controls of the numbers
            that people quote.

    Raises:
        LineageAuditError: a model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.arguments import as_reference, as_references, choices, one_of
    from lineage_audit.certifying import certificate_file
    from lineage_audit.comparing import ModelA, Settings
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.reading.kernels import Device, computing_on

    one_of("effort", effort, choices(EffortChoice))
    one_of("device", device, choices(Device))
    ref_a, ref_b, named = as_reference(a), as_reference(b), as_references(parents)
    named_base = as_reference(base) if base else None
    if signing is not None and certificate is None:
        raise LineageAuditError(_NOTHING_TO_SIGN)
    file = certificate_file(certificate, signing) if certificate is not None else None
    with computing_on(device):
        settings = Settings(effort, progress, named, named_base, weights, budget, file, _as_path(library))
        return ModelA(ref_a, settings).compare_with(ref_b)


def compare_many(
    a: Reference,
    models: Iterable[Reference],
    *,
    effort: EffortChoice = "auto",
    progress: Progress | None = None,
    base: Reference | None = None,
    device: Device = "cpu",
    budget: int | None = None,
) -> Comparisons:
    """Compare one model with many; it is opened once, and what was read of it is kept for the next.

    Args:
        a: a local folder or file, a Hub repository ``org/name[@revision]``, or a fingerprint file; the suspected
            ancestor, if any.
        models: the same for every other model.
        effort: how much of the weights to read: ``auto``, ``metadata``, ``sample``, ``search`` or ``full``.
        progress: told how far reading has come.
        base: a common base: what A and each model share beyond it is measured.
        device: where sums are taken: ``cpu``, or ``cuda`` where PyTorch has a graphics card.
        budget: bytes of weights that a sample may read of each model; by their size where it is None.

    Returns:
        A report a model, and the models that could not be read with the reason.

    Raises:
        LineageAuditError: A, or the base, cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.arguments import as_reference, as_references, choices, one_of
    from lineage_audit.comparing import Settings, compare_with_many
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.reading.kernels import Device, computing_on

    one_of("effort", effort, choices(EffortChoice))
    one_of("device", device, choices(Device))
    settings = Settings(effort, progress, base=as_reference(base) if base else None, budget=budget)
    with computing_on(device):
        return compare_with_many(as_reference(a), as_references(models), settings)


def fingerprint(
    model: Reference, path: str | Path | None = None, *, effort: str = "full", progress: Progress | None = None
) -> Fingerprint:
    """Make a fingerprint: a small stand-in for a model when its relatives are looked for.

    Args:
        model: a local folder or file, or a Hub repository ``org/name[@revision]``.
        path: where to write it, if anywhere.
        effort: ``full`` reads every weight of the sketched roles once, ``sample`` a few rows of eight layers.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: the model cannot be read or the file not be written; one line says why and what to do.
    """
    from pathlib import Path

    from lineage_audit.arguments import as_reference, one_of
    from lineage_audit.library.fingerprint import make_or_read, write_fingerprint

    made = make_or_read(as_reference(model), one_of("effort", effort, _SKETCHES), progress)
    if path is not None:
        write_fingerprint(made, Path(path))
    return made


def identify(
    model: Reference, library: str | Path, *, effort: str = "full", progress: Progress | None = None
) -> Identification:
    """Name a model's nearest relatives among the fingerprints of a library.

    Args:
        model: a local folder or file, a Hub repository ``org/name[@revision]``, or a fingerprint file.
        library: the library's file.
        effort: how much of a model to read: ``full`` or ``sample``.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: the model or the library cannot be read; one line says why and what to do.
    """
    from pathlib import Path

    from lineage_audit.arguments import as_reference, one_of
    from lineage_audit.comparison.reading.threads import SKETCHES, product_threads
    from lineage_audit.library.database import open_database
    from lineage_audit.library.fingerprint import open_fingerprint
    from lineage_audit.library.identification import identify_on_database

    subject = as_reference(model)
    one_of("effort", effort, _SKETCHES)
    with open_database(Path(library)) as database, product_threads(SKETCHES):
        return identify_on_database(open_fingerprint(subject, effort, progress), database)


def check(
    subject: Reference,
    references: Reference | Iterable[Reference] = (),
    *,
    earlier: Reference | Iterable[Reference] = (),
    bases: Reference | Iterable[Reference] = (),
    policy: str | Path | None = None,
    with_declared: bool = True,
    effort: EffortChoice = "auto",
    fail_on: FailOn | None = None,
    inconclusive: WhenInconclusive | None = None,
    progress: Progress | None = None,
    weights: str | None = None,
    device: Device = "cpu",
    budget: int | None = None,
    library: str | Path | None = None,
    certificates: Reference | Iterable[Reference] = (),
    signer: Signer | None = None,
) -> CheckReport:
    """Hold a model's licence and base-model claims against its weights.

    Args:
        subject: a local folder or file, or a Hub repository ``org/name[@revision]``.
        references: models that it might derive from; the bases that its card declares are added. ``NAME=MODEL`` says
            which declared base a folder is.
        earlier: references that are known to be older than the subject.
        bases: references that are known to be common bases: what is shared through them is left out elsewhere.
        policy: a YAML file, or a TOML file with ``[tool.lineage-audit]``; its baseline holds.
        with_declared: add the bases that the card declares.
        effort: how much of the weights to read: ``auto``, ``metadata``, ``sample``, ``search`` or ``full``.
        fail_on: the level at which findings fail; by default the policy's, or ``error``.
        inconclusive: whether what could not be checked is a note (``pass``), a ``warn``-ing or an error (``fail``); by
            default what the policy says, or else it makes the check inconclusive.
        progress: told how far reading has come.
        weights: of a subject with several sets of weights, the name of the one that is read.
        device: where sums are taken: ``cpu``, or ``cuda`` where PyTorch has a graphics card.
        budget: bytes of weights that a sample may read of each model; by default the policy's, or by their size.
        library: a library of fingerprints, asked where the card names no base that the weights bear out.
        certificates: files of certificates that stand for declared bases which are not at hand. ``NAME=FILE`` says
            which declared base the other model of one is.
        signer: who must have signed them; needs sigstore's library.

    Raises:
        LineageAuditError: a model that was given cannot be found, a weight file is unsafe, or the policy or its
            baseline cannot be used.
    """
    from dataclasses import replace
    from pathlib import Path

    from lineage_audit.arguments import as_reference, as_references, choices, one_of
    from lineage_audit.claims import (
        CheckOptions,
        Policy,
        check_claims,
        given_certificate,
        given_references,
        read_baseline,
        read_policy,
        rule_ids,
    )
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.reading.kernels import Device
    from lineage_audit.results import FailOn

    one_of("effort", effort, choices(EffortChoice))
    one_of("device", device, choices(Device))
    if fail_on is not None:
        one_of("fail_on", fail_on, choices(FailOn))
    named = as_reference(subject)
    given = given_references(*map(as_references, (references, earlier, bases)))
    read = read_policy(Path(policy), rule_ids()) if policy is not None else Policy()
    read = replace(read, inconclusive=inconclusive or read.inconclusive)
    known = read_baseline(read.baseline) if read.baseline else frozenset()
    database = Path(library) if library is not None else None
    named_certificates = tuple(given_certificate(one, signer) for one in as_references(certificates))
    options = CheckOptions(
        read, with_declared, effort, fail_on, known, device, weights, budget, database, named_certificates
    )
    return check_claims(named, given, options, progress)


def inspect(model: Reference, *, weights: str | None = None) -> Inspection:
    """Say what one model is: architecture, roles, types, tokenizer, and what it claims of itself.

    Args:
        model: a local folder or file, or a Hub repository ``org/name[@revision]``.
        weights: of a training checkpoint with several sets of weights, the name of the one that is read.

    Raises:
        LineageAuditError: the model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.arguments import as_reference
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.inspection import inspect_checkpoint

    return inspect_checkpoint(open_checkpoint(as_reference(model), weights))


def behave(
    a: Reference,
    b: Reference,
    controls: Reference | Iterable[Reference] = (),
    *,
    library: str | Path | None = None,
    answers: str | Path | None = None,
    manner: Manner = "text",
    weights: bool = False,
    progress: Progress | None = None,
) -> Behaviour:
    """Ask whether the answers of B lean to those of A: what weights cannot show. Never exact, and never descent.

    Args:
        a: a local folder or weight file, a Hub repository, a file of answers, or an endpoint ``https://host/v1#model``;
            what B may have learned from.
        b: the same for the other model.
        controls: models that have nothing to do with either, at least five; a folder of answers is all of them.
        library: a library, all answers in which are controls too.
        answers: a folder in which answers are kept, so that nobody is asked again.
        manner: ``text``, or ``chat`` where all are endpoints that have nothing else.
        weights: compare the weights of A and B as well, to stand beside.
        progress: told how far asking has come.

    Raises:
        LineageAuditError: a model cannot be found or asked; one line says why and what to do.
    """
    from pathlib import Path

    from lineage_audit.arguments import as_reference, as_references, one_of
    from lineage_audit.behaviour.enquiry import Enquiry
    from lineage_audit.results import MANNERS

    one_of("manner", manner, MANNERS)
    named = as_reference(a), as_reference(b), as_references(controls)
    shelf, folder = (Path(path) if path is not None else None for path in (library, answers))
    return Enquiry.of(*named, library=shelf, answers=folder, manner=manner).result(progress, weights=weights)


def unmix(
    child: Reference,
    parents: Reference | Iterable[Reference],
    *,
    base: Reference | None = None,
    library: str | Path | None = None,
    progress: Progress | None = None,
) -> Unmixing:
    """Take a merge apart: which weights each named parent has in it, by which method, and what is left.

    Args:
        child: a local folder or file, or a Hub repository ``org/name[@revision]``.
        parents: the models that it may be a merge of.
        base: what the parents were made from; without it TIES and DARE merges cannot be told.
        library: a library of fingerprints; parents and base may then be names in it, and are read where those models
            are.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: a model cannot be found or read, or nothing of the models can be held together.
    """
    from pathlib import Path

    from lineage_audit.arguments import as_reference, as_references
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.comparison.merging.unmixing import unmix_checkpoints
    from lineage_audit.library.references import references_on_database

    given, common = as_references(parents), as_reference(base) if base else None
    named = {name: name for name in (*given, *([common] if common else []))}
    if library is not None:
        named |= references_on_database(Path(library), tuple(named))
    opened = tuple(open_checkpoint(named[parent]) for parent in given)
    opened_base = open_checkpoint(named[common]) if common else None
    return unmix_checkpoints(open_checkpoint(as_reference(child)), opened, opened_base, progress)


def tree(
    models: Reference | Iterable[Reference], *, effort: str = "full", progress: Progress | None = None
) -> FamilyTree:
    """Draw the family tree of many models.

    Args:
        models: local folders or files, Hub repositories ``org/name[@revision]``, or fingerprint files.
        effort: how much to read of each model that is no fingerprint: ``full`` or ``sample``.
        progress: told how far reading and comparing have come.

    Raises:
        LineageAuditError: a model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.arguments import as_references, one_of
    from lineage_audit.comparison.reading.threads import SKETCHES, product_threads
    from lineage_audit.library.fingerprint import open_fingerprint
    from lineage_audit.library.trees import grow_tree

    one_of("effort", effort, _SKETCHES)
    with product_threads(SKETCHES):
        return grow_tree([open_fingerprint(model, effort, progress) for model in as_references(models)], progress)


def certify(
    a: Reference,
    b: Reference,
    path: str | Path | None = None,
    *,
    weights: str | None = None,
    signing: Signing | None = None,
) -> Certificate:
    """Certify that two models are not independent, in a form that anyone can verify.

    Args:
        a: a local folder or file, or a Hub repository ``org/name[@revision]``; the suspected ancestor, if any.
        b: the same for the other model.
        path: where to write the certificate, if anywhere; a file ``*.jsonl`` gets one line more.
        weights: of B, where it is a training checkpoint with several sets of weights, the name of the one that is read.
        signing: sign what is written, by sigstore's library, as whoever runs this.

    Raises:
        LineageAuditError: no rule shows it, a model cannot be read, or the file cannot be signed or written; one line
            says why.
    """
    from lineage_audit.arguments import as_reference
    from lineage_audit.certificate import certify_models
    from lineage_audit.certifying import certificate_file
    from lineage_audit.checkpoint import open_checkpoint

    if signing is not None and path is None:
        raise LineageAuditError(_NOTHING_TO_SIGN)
    file = certificate_file(path, signing) if path is not None else None
    made = certify_models(open_checkpoint(as_reference(a)), open_checkpoint(as_reference(b), weights))
    if file is not None:
        file.write(made)
    return made


def verify(
    certificate: str | Path,
    a: Reference | None = None,
    b: Reference | None = None,
    *,
    weights: str | None = None,
    signer: Signer | None = None,
) -> Verification:
    """Verify a certificate: its arithmetic, and with both models at hand everything that it stands on.

    Args:
        certificate: the file; of one with many (``*.jsonl``) the certificate of the models at hand is meant.
        a: model A, if it is at hand.
        b: model B, if it is at hand.
        weights: of B, where it is a training checkpoint with several sets of weights, the name of the one that is read.
        signer: who must have signed it; needs sigstore's library.

    Raises:
        LineageAuditError: the file is no certificate, was not signed so, or a model cannot be read; one line says why
            and what to do.
    """
    from pathlib import Path

    from lineage_audit.arguments import as_reference
    from lineage_audit.certificate import read_certificates, verify_one_of
    from lineage_audit.checkpoint import open_checkpoint

    found = read_certificates(Path(certificate), signer)
    return verify_one_of(
        found,
        None if a is None else open_checkpoint(as_reference(a)),
        None if b is None else open_checkpoint(as_reference(b), weights),
    )


def _as_path(path: str | Path | None) -> Path | None:
    from pathlib import Path

    return None if path is None else Path(path)
