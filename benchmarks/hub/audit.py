"""Audit pairs, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial

from benchmarks.hub.pairs import HubPair
from benchmarks.hub.results import Line, Status
from benchmarks.zoo.measurement import said_of
from lineage_audit import LineageAuditError, Report
from lineage_audit.comparison import EffortChoice

_NOT_FOR_US = ("is gated", "no such model", "has been disabled", "does not let this token", "the repository is empty")
"""What an error says when trying again will not help: the pair is left out, with that reason."""

WEIGHTS = (".safetensors", ".bin", ".pth", ".pt", ".gguf")


def audit_all(
    pairs: Sequence[HubPair], effort: EffortChoice, workers: int, audit: Callable[..., Line] | None = None
) -> Iterator[Line]:
    """Audit pairs in threads; lines come as they are finished."""
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(partial(audit or audit_one, effort=effort), pair) for pair in pairs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def audit_one(pair: HubPair, effort: EffortChoice) -> Line:
    """Compare the two models of a pair; whatever goes wrong becomes a line, too."""
    import lineage_audit

    try:
        report = lineage_audit.compare(pair.a.name, pair.b.name, effort=effort)
    except LineageAuditError as error:
        status: Status = "skipped" if any(words in str(error) for words in _NOT_FOR_US) else "failed"
        return Line(*pair.key, effort, status, str(error), None, None, 0)
    except Exception as error:
        return Line(*pair.key, effort, "failed", f"crash: {error!r}", None, None, 0)
    traffic = report.a.bytes_read + report.b.bytes_read
    return Line(
        *pair.key, effort, "measured", None, said_of(report, report.seconds), _explained_before(report), traffic
    )


def weight_bytes(names: Iterable[str], workers: int) -> dict[str, int | None]:
    """Bytes of the weight files that repositories list; None for those that cannot be listed."""
    wanted = list(dict.fromkeys(names))
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(wanted, pool.map(_weight_bytes, wanted), strict=True))


def _weight_bytes(name: str) -> int | None:
    from lineage_audit.checkpoint.source import open_source

    try:
        files = open_source(name).files
    except LineageAuditError:
        return None
    by_format = {suffix: sum(file.size for path, file in files.items() if path.endswith(suffix)) for suffix in WEIGHTS}
    return next((size for size in by_format.values() if size), 0)


def _explained_before(report: Report) -> float:
    """Share of variance explained by equal places, by role."""
    roles = [role for role in report.weights.roles if role.row_cosine is not None]
    parameters = sum(role.parameters for role in roles)
    return sum(role.parameters * role.correlation**2 for role in roles) / parameters if parameters else 0.0
