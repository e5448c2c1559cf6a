"""Who is asked, and through what: a file of answers, an endpoint, or a model that this machine can run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lineage_audit.behaviour.answers import Answers
from lineage_audit.behaviour.answers_file import from_bytes, is_answers_file, read_answers, to_bytes
from lineage_audit.behaviour.asking.endpoint_address import is_endpoint
from lineage_audit.behaviour.asking.keeping import NOTHING_KEPT, Kept
from lineage_audit.behaviour.prompts import PromptSet
from lineage_audit.comparison.progress import Progress
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import Manner

__all__ = ["answers_of"]


def answers_of(
    ref: str,
    prompts: PromptSet,
    manner: Manner = "text",
    *,
    kept: Kept = NOTHING_KEPT,
    progress: Progress | None = None,
) -> Answers:
    """The answers of whoever a reference names: read, found among those that were kept, or asked for now.

    Args:
        ref: a file of answers, a local folder or weight file, a Hub repository, or an endpoint (``URL#model``).
        prompts: what to ask.
        manner: how to ask.
        kept: answers of earlier runs.
        progress: told how far asking has come.

    Raises:
        LineageAuditError: there is no such model, it cannot be asked, or the file is no file of answers.
    """
    if is_answers_file(ref):
        return read_answers(Path(ref))
    found = kept.find(ref, prompts, manner)
    if found is not None:
        return found
    answers = _asked(ref, prompts, manner, kept, progress)
    kept.keep(ref, answers)
    # As a file gives them: kept answers and new ones are the same to the last bit.
    return from_bytes(to_bytes(answers), ref)


def _asked(ref: str, prompts: PromptSet, manner: Manner, kept: Kept, progress: Progress | None) -> Answers:
    earlier, keep = kept.find_part(ref, prompts, manner), partial(kept.keep_part, ref)
    if is_endpoint(ref):
        from lineage_audit.behaviour.asking.endpoint import ask_endpoint

        return ask_endpoint(ref, prompts, manner, earlier=earlier, keep=keep, progress=progress)
    from lineage_audit.behaviour.asking.local import ask_local

    if manner == "chat":
        raise LineageAuditError(f"{ref}: a model on this machine goes on with texts; only endpoints are asked by chat")
    return ask_local(ref, prompts, earlier=earlier, keep=keep, progress=progress)
