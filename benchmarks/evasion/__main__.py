"""Make every attack on a model of the zoo, ask the tool, and print what it said and what the attack cost.

Run from the project's root after ``python -m benchmarks.zoo.build``:
``python -m benchmarks.evasion [--half report] [--out DIR] [--only WORD ...] [-o FILE]``. Seeded throughout; what stands
in FILE is not attacked again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import lineage_audit
from benchmarks.evasion.attacks import Attack, Stage, attacks, plants, strangers
from benchmarks.evasion.changes import changes
from benchmarks.evasion.publishing import Publish
from benchmarks.rows import add_row, rows_in
from benchmarks.training.publishing import TOKENIZER_FILES, read_weights
from benchmarks.zoo.build import DEFAULT_OUT
from benchmarks.zoo.catalogue import HALVES, Half, catalogue
from benchmarks.zoo.disguises.verification import TOLERANCE
from benchmarks.zoo.families.axes import NORMS, Weights, role_of
from benchmarks.zoo.model import Model, read_model, to_transformers, write_model
from benchmarks.zoo.store import Store
from lineage_audit.results import Direction, Way

if TYPE_CHECKING:
    import torch

RELATED = ("identical", "derived", "shared-origin")
_SEQUENCES, _CONTEXT = 48, 64


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one attack.

    Attributes:
        attack: its name.
        needs: what a user needs to run the result.
        relation: what the tool said of it.
        log10_p: and how surely.
        derived_share: share of the model that the tool says derives from the base.
        claimed: the true share.
        loss: rise of the loss on held-out text, in nats a token; None where only the publisher's code runs it.
        exact: the logits are the base's up to rounding.
        summary: the verdict's sentence.
        operations: what it says was done.
        wanted: what it must say; None where nothing has to be named.
        one_start: the two share a start, or a table that was never trained, and nothing else.
        direction: what it says of who came first; the base is A.
        excluded: the ways that it says do not fit.
    """

    attack: str
    needs: str
    relation: str
    log10_p: float | None
    derived_share: float | None
    claimed: float
    loss: float | None
    exact: bool
    summary: str
    operations: tuple[str, ...] = ()
    wanted: str | None = None
    one_start: bool = False
    direction: Direction = "undetermined"
    excluded: tuple[Way, ...] = ()

    @property
    def order(self) -> str:
        """What is said of who came first, and whether that is wrong: where anything was taken, the base gave it."""
        if self.direction == "undetermined" and not self.excluded:
            return "-"
        is_right = (
            self.claimed > 0.0 and not self.one_start and self.direction != "b->a" and "a->b" not in self.excluded
        )
        said = self.direction if self.direction != "undetermined" else f"not {', '.join(self.excluded)}"
        return said if is_right else f"{said} (WRONG)"

    @property
    def named(self) -> str:
        """The operations, and whether the one that is wanted is among them."""
        said = ", ".join(self.operations) or "-"
        return said if self.wanted is None or self.wanted in self.operations else f"{said} (NOT {self.wanted})"

    @property
    def outcome(self) -> str:
        """Who won: the tool saw the relation, could not tell, or was deceived."""
        if self.relation == "inconclusive":
            return "not told"
        if self.one_start:
            return "ACCUSED" if self.relation == "derived" else "found, as origin"
        if self.claimed == 0.0:
            return "ACCUSED" if self.relation in RELATED else "cleared"
        if self.relation not in RELATED:
            return "MISSED"
        return "found, as origin" if self.relation == "shared-origin" else "found"


class Stand:
    """The models of one half, and what is needed to attack them."""

    def __init__(self, zoo: Path, half: Half) -> None:
        self._zoo, self._half = zoo, half
        self._database = Store(zoo / "shelf")
        self._folder = zoo / half

    def stage(self, gains_of: str) -> Stage:
        """The stage for attacks that plant the norm gains of a given base."""
        others = {name: self._folder / name for name in ("llama-1", "llama-2")}
        weights = {name: self.model(name).weights for name in ("llama-2", "llama-1_heavy", "llama-1_light")}
        return Stage(self._folder, _gains(self.model(gains_of).weights), others, weights)

    def model(self, name: str) -> Model:
        """A base in memory."""
        return read_model(self._folder / name, catalogue(self._half)[name].base.tokenizer)

    def ids(self, name: str) -> torch.Tensor:
        """Held-out text as tokens of a base's tokenizer, shape (sequences, context)."""
        import torch

        base = catalogue(self._half)[name].base
        held_out = {"python-a": "python-b", "python-b": "python-a", "python-c": "python-d", "python-d": "python-c",
                    "english-a": "english-b", "english-b": "english-a"}[base.corpus]  # fmt: skip
        stream = self._database.tokens(base.tokenizer, held_out)[: _SEQUENCES * _CONTEXT]
        return torch.from_numpy(stream.astype("int64")).reshape(_SEQUENCES, _CONTEXT)

    def run(self, attack: Attack, number: int) -> Row:
        """Make one attack in a folder of its own and compare the model with it that it is held against."""
        import torch

        model = self.model(attack.base)
        weights, anatomy = model.weights, model.anatomy
        for place, step in enumerate(attack.steps):
            weights = step(weights, anatomy, torch.Generator().manual_seed(1000 * number + place))
        changed = _refitted(model, weights, attack.name)
        loss, exact = self._cost(model, changed, attack)
        with tempfile.TemporaryDirectory() as scratch:
            folder = self._laid_down(Path(scratch) / "subject", changed, attack.base, attack.publish)
            report = lineage_audit.compare(str(self._other(Path(scratch) / "other", attack, number)), str(folder))
            claimed = _share(folder, attack.planted) if attack.planted else attack.claimed
        claimed = _kept_share(changed.weights, attack.kept) if attack.kept else claimed
        verdict = report.verdict
        kinds = tuple(operation.kind for operation in verdict.operations)
        return Row(attack.name, attack.needs, verdict.relation, verdict.log10_p, verdict.derived_share, claimed,
                   loss, exact, verdict.summary, kinds, attack.operation, attack.one_start,
                   verdict.direction, verdict.excluded)  # fmt: skip

    def _other(self, folder: Path, attack: Attack, number: int) -> Path:
        """The model that the attack is held against, changed where both are."""
        import torch

        name = attack.against or attack.base
        if not (attack.both or attack.both_publish):
            return self._folder / name
        model = self.model(name)
        weights = model.weights
        for step in attack.both:
            weights = step(weights, model.anatomy, torch.Generator().manual_seed(1000 * number + 500))
        return self._laid_down(folder, model.with_weights(weights), name, attack.both_publish)

    def _laid_down(self, folder: Path, model: Model, base: str, publish: Sequence[Publish]) -> Path:
        """Write a model with the tokenizer of its base, and publish it as the attack does."""
        folder.mkdir()
        write_model(folder, model)
        for file in TOKENIZER_FILES:
            (folder / file).write_bytes((self._folder / base / file).read_bytes())
        for change in publish:
            change(folder)
        return folder

    def _cost(self, before: Model, after: Model, attack: Attack) -> tuple[float | None, bool]:
        """Rise of the loss, and whether the logits are the same; renumbered tokens are the user's affair."""
        if not attack.steps or "tokens" in attack.name:
            return None, True
        ids = self.ids(attack.base)
        ours, theirs = _logits(before, ids), _logits(after, ids)
        difference = float((ours - theirs).abs().max() / ours.abs().max())
        return _loss(theirs, ids) - _loss(ours, ids), difference <= 10 * TOLERANCE


def _refitted(model: Model, weights: Weights, attack: str) -> Model:
    """The model with its new weights, and a configuration for them."""
    fields: dict[str, object] = {}
    if "split" in attack:
        experts = 1 + max(int(name.split(".experts.")[1].split(".")[0]) for name in weights if ".experts." in name)
        fields = {"num_local_experts": experts, "num_experts_per_tok": 2 * int(model.config["num_experts_per_tok"])}
    return model.with_weights(weights, **fields)


def _share(folder: Path, planted: str) -> float:
    """Share of a model's parameters in tensors whose names begin so."""
    sizes = {name: tensor.numel() for name, tensor in read_weights(folder).items()}
    return sum(size for name, size in sizes.items() if name.startswith(planted)) / sum(sizes.values())


def _kept_share(weights: Weights, is_kept: Callable[[str], bool]) -> float:
    """Share of a model's parameters in the tensors that were kept."""
    kept = sum(tensor.numel() for name, tensor in weights.items() if is_kept(name))
    return kept / sum(tensor.numel() for tensor in weights.values())


def _gains(weights: Weights) -> Weights:
    return {name: tensor for name, tensor in weights.items() if role_of(name) in NORMS}


def _logits(model: Model, ids: torch.Tensor) -> torch.Tensor:
    import torch

    with torch.no_grad():
        values: torch.Tensor = to_transformers(model).eval()(input_ids=ids).logits
    return values


def _loss(logits: torch.Tensor, ids: torch.Tensor) -> float:
    import torch

    return float(torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()))


def table(rows: Sequence[Row]) -> str:
    """One line an attack, then the sums; what was named stands where something has to be."""
    wanted = [row for row in rows if row.wanted is not None]
    head = f"{'attack':52} {'needs':13} {'cost':>10}  {'verdict':13} {'log10 p':>8} {'share':>5} {'true':>5}"
    lines = [f"{head}  {'outcome':17} {'order':10} {'named' if wanted else ''}".rstrip()]
    for row in rows:
        cost = "none" if row.exact else f"{row.loss:+.2f} nats" if row.loss is not None else "?"
        p = f"{row.log10_p:.1f}" if row.log10_p is not None else "-"
        share = f"{row.derived_share:.0%}" if row.derived_share is not None else "-"
        lines.append(
            f"{row.attack:52} {row.needs:13} {cost:>10}  {row.relation:13} {p:>8} {share:>5} {row.claimed:>5.0%}  "
            f"{row.outcome:17} {row.order:10} {row.named if wanted else ''}".rstrip()
        )
    outcomes = sorted({row.outcome for row in rows})
    lines.append("")
    lines.append(f"{len(rows)} attacks: " + ", ".join(f"{sum(r.outcome == o for r in rows)} {o}" for o in outcomes))
    if wanted:
        lines.append(f"{sum(row.wanted in row.operations for row in wanted)} of {len(wanted)} named")
    said = [row for row in rows if row.order != "-"]
    wrong = sum("WRONG" in row.order for row in said)
    lines.append(f"who came first: something said of {len(said)}, {wrong} wrong")
    return "\n".join(lines)


def main() -> int:
    """Attack what is left to attack, write each row down, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where the zoo was built")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="attacks whose names hold one of these words")
    parser.add_argument("--minutes", type=float, default=60.0, help="time to spend at most")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="a line a row; those that stand there are kept"
    )
    options = parser.parse_args()
    stand = Stand(options.out.expanduser(), options.half)
    done = {(title, row.attack): row for title, row in rows_in(options.output, tuple[str, Row])}
    until = time.monotonic() + 60 * options.minutes
    for title, planned in _planned(stand).items():
        rows = []
        for number, attack in enumerate(planned, start=1):
            if options.only and not any(word in attack.name for word in options.only):
                continue
            if (title, attack.name) not in done:
                if time.monotonic() > until:
                    continue
                done[title, attack.name] = stand.run(attack, number)
                add_row(options.output, (title, done[title, attack.name]))
            rows.append(done[title, attack.name])
        if rows:
            print(f"{title}\n\n{table(rows)}\n", flush=True)
    return 0


def _planned(stand: Stand) -> Mapping[str, Sequence[Attack]]:
    """Every attack, by what the table is called that it stands in."""
    stage = stand.stage("llama-2")
    return {
        "hiding a relation": attacks(stage),
        "what was done": changes(stage),
        "strangers with something in common": strangers(),
        "planting one": plants(stand.stage("llama-1")),
    }


if __name__ == "__main__":
    sys.exit(main())
