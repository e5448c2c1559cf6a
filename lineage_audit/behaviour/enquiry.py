"""Two references and their controls: what asking them costs, and what their answers say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from lineage_audit.behaviour.answers_file import SUFFIX, is_answers_file
from lineage_audit.behaviour.asking import answers_of
from lineage_audit.behaviour.asking.endpoint_address import is_endpoint
from lineage_audit.behaviour.asking.forecast import Cost, foretold
from lineage_audit.behaviour.asking.keeping import Kept
from lineage_audit.behaviour.behaving import held_against
from lineage_audit.behaviour.in_library import answers_in_library
from lineage_audit.behaviour.prompts import PromptSet, prompt_set
from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.progress import Progress
from lineage_audit.errors import UnresolvedReferenceError
from lineage_audit.results import Behaviour, Manner, WeightsBeside
from lineage_audit.results.local_paths import without_local_paths


class Enquiry(Struct, frozen=True):
    """Who is to be asked, and how.

    Attributes:
        a: the model that B may have learned from.
        b: the other one.
        controls: models that have nothing to do with either.
        library: a library whose answers are controls too, or None.
        prompts: what is asked.
        manner: how it is asked.
        kept: answers of earlier runs.
    """

    a: str
    b: str
    controls: tuple[str, ...]
    library: Path | None
    prompts: PromptSet
    manner: Manner
    kept: Kept

    @classmethod
    def of(
        cls,
        a: str,
        b: str,
        controls: Sequence[str],
        *,
        library: Path | None = None,
        answers: Path | None = None,
        manner: Manner = "text",
    ) -> Enquiry:
        """What was asked for, folders of answers as the files in them.

        Raises:
            UnresolvedReferenceError: a folder that is given as controls holds nothing that could be one.
        """
        listed = tuple(ref for control in controls for ref in _each(control))
        return cls(a, b, listed, library, prompt_set(), manner, Kept(answers))

    @property
    def models(self) -> tuple[str, ...]:
        """Everyone who is named, A and B first."""
        return (self.a, self.b, *self.controls)

    def costs(self) -> Iterator[Cost]:
        """What asking those will cost whose answers are not there yet.

        Raises:
            LineageAuditError: there is no such model.
        """
        return foretold(self.models, self.prompts, self.manner, self.kept)

    def result(self, progress: Progress | None = None, *, weights: bool = False) -> Behaviour:
        """Ask everyone, and hold B's answers against A's.

        Args:
            progress: told how far asking has come.
            weights: compare the weights of A and B as well, to stand beside.

        Raises:
            LineageAuditError: a model cannot be found or asked; one line says why and what to do.
        """
        a, b, *controls = (
            answers_of(ref, self.prompts, self.manner, kept=self.kept, progress=progress) for ref in self.models
        )
        if self.library is not None:
            controls += answers_in_library(self.library, self.prompts, self.manner)
        beside = weights_beside(self.a, self.b, progress) if weights else None
        return without_local_paths(held_against(a, b, controls, self.prompts, beside), self.models)


def weights_beside(a: str, b: str, progress: Progress | None) -> WeightsBeside:
    """What the weights of two models say, however their answers lean.

    Raises:
        LineageAuditError: one of them shows no weights.
    """
    for ref in (a, b):
        if is_endpoint(ref) or is_answers_file(ref):
            raise UnresolvedReferenceError(f"{ref}: shows no weights; name the model where it stands, or ask without")
    verdict = compare_checkpoints(open_checkpoint(a), open_checkpoint(b), "auto", progress).verdict
    return WeightsBeside(verdict.relation, verdict.summary)


def _each(control: str) -> Sequence[str]:
    """A control, or every file of answers in a folder that holds some and no model."""
    folder = Path(control)
    if not folder.is_dir() or (folder / "config.json").exists():
        return (control,)
    inside = sorted(str(path) for path in folder.iterdir() if path.suffix == SUFFIX)
    if not inside and not any(folder.iterdir()):
        raise UnresolvedReferenceError(f"{control}: an empty folder; give a model, or a folder of {SUFFIX} files")
    return inside or (control,)
