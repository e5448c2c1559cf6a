"""Ask a library of all the zoo's parents for the parent of every descendant; then again without its relatives.

Run from the project's root: ``python -m benchmarks.fingerprints.parents [--half HALF] [--out DIR]``.

A descendant counts as solved if a true parent is named first; of a merge both merged models must stand among the
first three. Two shelves are asked: one of all bases and the descendant's own parents, and one that also holds its
siblings, which can lie nearer to it than the parent does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fingerprints.zoo import Sketched
from benchmarks.zoo.build import DEFAULT_OUT
from benchmarks.zoo.catalogue import HALVES, Entry, catalogue
from benchmarks.zoo.recipes import Merged
from benchmarks.zoo.truth import truth_of
from lineage_audit.library.database import Database, open_database
from lineage_audit.library.database_entries import Label
from lineage_audit.library.identification import identify_on_database


def main() -> int:
    """Print the shares; exit with 1 if a relative was named where there was none."""
    options = _options()
    sketched = Sketched(options.out.expanduser())
    entries = sketched.built(iter(catalogue(options.half).values()))
    parents = {parent.name: parent for entry in entries for parent in entry.weight_parents}
    parents |= {entry.name: entry for entry in entries if entry.recipe is None}
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "zoo.library", create=True) as database:
        for parent in parents.values():
            database.add(sketched.file(parent), Label(parent.name))
        print(f"{len(database)} models in the library")
        descendants = [entry for entry in entries if entry.weight_parents]
        siblings = [parent for parent in parents.values() if parent.recipe is not None]
        print("library of bases and own parents:")
        wrong = _ask_descendants(sketched, database, descendants, siblings)
        print("library of siblings as well:")
        _ask_descendants(sketched, database, descendants, [])
        accused = _ask_without_kin(sketched, database, entries, list(parents.values()))
    print(f"not solved: {len(wrong)}")
    for line in wrong:
        print(f"  {line}")
    return int(accused > 0)


def _ask_descendants(
    sketched: Sketched, database: Database, descendants: Sequence[Entry], siblings: Sequence[Entry]
) -> list[str]:
    """Ask for every descendant's parent, its siblings taken away."""
    wrong, solved, in_three = [], Counter[bool](), 0
    for entry in descendants:
        away = {entry.name, *(sibling.name for sibling in siblings if sibling.name not in _names(entry))}
        answer = identify_on_database(sketched.subject(entry), database, leave_out=sorted(away & database.names()))
        named = [relative.name for relative in answer.relatives]
        in_three += bool(_names(entry) & set(named[:3]))
        is_merge = bool(entry.recipe and isinstance(entry.recipe.change, Merged))
        right = _merge_solved(entry, named) if is_merge else bool(named) and named[0] in _names(entry)
        solved[right] += 1
        if not right:
            wrong.append(f"{entry.name}: parents {sorted(_names(entry))}, named {named[:4] or answer.outcome}")
    total = sum(solved.values())
    print(f"  parent first (both of a merge in three): {solved[True]} of {total} ({solved[True] / total:.1%})")
    print(f"  a parent among the first three: {in_three} of {total} ({in_three / total:.1%})")
    return wrong


def _merge_solved(entry: Entry, named: Sequence[str]) -> bool:
    merged = {parent.name for parent in (entry.parents[1:] if len(entry.parents) > 2 else entry.parents)}
    return merged <= set(named[:3])


def _names(entry: Entry) -> set[str]:
    return {parent.name for parent in entry.weight_parents}


def _ask_without_kin(sketched: Sketched, database: Database, entries: Sequence[Entry], parents: Sequence[Entry]) -> int:
    """Every model with all of its relatives taken out of the library: nobody may be named."""
    answers: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        kin = [parent.name for parent in parents if truth_of(parent, entry).relation != "independent"]
        answer = identify_on_database(sketched.subject(entry), database, leave_out=kin)
        answers["base" if entry.recipe is None else "descendant", answer.outcome] += 1
        if answer.outcome == "found":
            print(f"ACCUSED: {entry.name}: {[relative.name for relative in answer.relatives]}")
    for (kind, outcome), count in sorted(answers.items()):
        print(f"relatives taken away, {kind}s: {count} {outcome}")
    return answers["base", "found"] + answers["descendant", "found"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--half", choices=HALVES, default="report", help="default: report")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where the zoo was built")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
