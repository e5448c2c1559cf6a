"""Make merges of the zoo's fine-tunes, take them apart, and say how far off the weights are.

python -m benchmarks.unmix ZOO [--half report] [--mergekit PROGRAM]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.unmix.cases import FAMILIES, Case, cases
from benchmarks.unmix.making import make, make_stacked
from benchmarks.unmix.with_mergekit import difference, make_with_mergekit, merge_by_recipe


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a merge.

    Attributes:
        case: its name.
        method: the true method.
        said: the method named.
        errors: of each weight.
        inside: whether each true weight lies within its interval.
        unexplained: share left.
        seconds: how long it took.
        reproduced: relative difference between the merge and what mergekit makes of the recipe, or None.
    """

    case: str
    method: str
    said: str
    errors: tuple[float, ...]
    inside: tuple[bool, ...]
    unexplained: float
    seconds: float
    reproduced: float | None = None


def ask(case: Case, folder: Path, program: Path | None) -> Answer:
    """Take one merge apart."""
    import lineage_audit

    found = lineage_audit.unmix(str(folder), tuple(map(str, case.parents)), base=str(case.base))
    reproduced = None
    if program and found.recipe:
        again = merge_by_recipe(program, found.recipe, folder.with_name(f"{folder.name}-again"))
        reproduced = difference(folder, again)
    return Answer(
        case.name,
        case.method,
        found.method,
        tuple(said.value - true for said, true in zip(found.weights, case.weights, strict=True)),
        tuple(said.low <= true <= said.high for said, true in zip(found.weights, case.weights, strict=True)),
        found.unexplained,
        found.seconds,
        reproduced,
    )


def stacked_layers(base: Path, zoo: Path, half: str, folder: Path) -> tuple[int, int]:
    """How many layers of a stack of two models are traced to their source, and how many there are."""
    import lineage_audit

    family = base.name
    parents = (zoo / half / f"{family}_light", zoo / half / f"{family}_heavy")
    truth = make_stacked(parents, folder)
    found = lineage_audit.unmix(str(folder), tuple(map(str, parents)))
    said = [part.source and (part.source.source, part.source.layer) for part in found.layers]
    return sum(one == other for one, other in zip(said, truth, strict=True)), len(truth)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zoo", type=Path)
    parser.add_argument("--half", choices=("threshold", "report"), default="report")
    parser.add_argument("--mergekit", type=Path, help="mergekit-yaml: merges are made by it, and recipes run again")
    parser.add_argument("--only", nargs="*", default=FAMILIES)
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    answers = []
    for case in cases(arguments.zoo, arguments.half):
        if case.base.name not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "merge"
            if arguments.mergekit:
                make_with_mergekit(arguments.mergekit, case, folder)
            else:
                make(case, folder)
            answers.append(ask(case, folder, arguments.mergekit))
        _print(answers[-1])
    _print_summary(answers)
    _print_stacked(arguments)
    if arguments.output:
        arguments.output.write_text(json.dumps([asdict(answer) for answer in answers], indent=2))


def _print(answer: Answer) -> None:
    errors = ", ".join(f"{error:+.4f}" for error in answer.errors)
    inside = "".join("y" if one else "n" for one in answer.inside)
    again = "" if answer.reproduced is None else f"  again {answer.reproduced:.1e}"
    print(f"{answer.case:32} said {answer.said:16} off {errors:28} inside {inside:4} {answer.seconds:.1f} s{again}")


def _print_summary(answers: list[Answer]) -> None:
    by_method = defaultdict(list)
    for answer in answers:
        by_method[answer.method].append(answer)
    for method, some in by_method.items():
        errors = [abs(error) for answer in some for error in answer.errors]
        inside = [one for answer in some for one in answer.inside]
        named = sum(answer.said == method for answer in some)
        print(
            f"{method:16} named {named} of {len(some)}, largest error {max(errors):.4f}, "
            f"inside the 95% interval {sum(inside)} of {len(inside)}"
        )


def _print_stacked(arguments: argparse.Namespace) -> None:
    right = total = 0
    for family in arguments.only:
        base = arguments.zoo / arguments.half / family
        with tempfile.TemporaryDirectory() as scratch:
            found = stacked_layers(base, arguments.zoo, arguments.half, Path(scratch) / "stack")
        right, total = right + found[0], total + found[1]
    print(f"stacked layers traced to their source: {right} of {total}")


if __name__ == "__main__":
    main()
