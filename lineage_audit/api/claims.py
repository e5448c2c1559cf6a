"""A model's claims held against its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lineage_audit.api.arguments import Reference
    from lineage_audit.certificate import Signer
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.progress import Progress
    from lineage_audit.comparison.reading.kernels import Device
    from lineage_audit.results import CheckReport, FailOn, WhenInconclusive


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
    budget: int | str | None = None,
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
        budget: bytes of weights that a sample may read of each model, as a number or ``"64MiB"``; by default the
            policy's, or by their size.
        library: a library of fingerprints, asked where the card names no base that the weights bear out.
        certificates: files of certificates that stand for declared bases which are not at hand. ``NAME=FILE`` says
            which declared base the other model of one is.
        signer: who must have signed them; needs sigstore's library.

    Raises:
        LineageAuditError: a model that was given cannot be found, a weight file is unsafe, or the policy or its
            baseline cannot be used.
    """
    from pathlib import Path

    from msgspec.structs import replace

    from lineage_audit.api.arguments import as_budget, as_path, as_reference, as_references, choices, one_of
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
    named_certificates = tuple(given_certificate(one, signer) for one in as_references(certificates))
    options = CheckOptions(
        policy=read,
        with_declared=with_declared,
        effort=effort,
        fail_on=fail_on,
        known=known,
        device=device,
        weights=weights,
        budget=as_budget(budget),
        library=as_path(library),
        certificates=named_certificates,
    )
    return check_claims(named, given, options, progress)
