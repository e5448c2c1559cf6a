"""Map the names of published models: ``python -m benchmarks.published FOLDER ...``, a folder of repositories each."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

from benchmarks.published.indexes import published_indexes
from lineage_audit.checkpoint.names import name_pattern, unknown_names

_MOST_LISTED = 8


def main() -> int:
    """Print what is unknown, and a line for every architecture; exit with 1 where a name is unknown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("roots", nargs="+", type=Path, metavar="FOLDER")
    repositories: dict[str, set[str]] = defaultdict(set)
    names: dict[str, int] = defaultdict(int)
    unknown = 0
    for index in (index for root in parser.parse_args().roots for index in published_indexes(root)):
        model_type = index.model_type or "no configuration"
        repositories[model_type].add(index.repository)
        names[model_type] += len(index.names)
        missing = unknown_names(index.names)
        unknown += len(missing)
        if missing:
            patterns = list(dict.fromkeys(map(name_pattern, missing)))[:_MOST_LISTED]
            print(f"{index.repository}/{index.file}: {len(missing):,} unknown: {' '.join(patterns)}")
    print("| architecture | repositories | names |\n|---|---|---|")
    for model_type in sorted(repositories):
        print(f"| {model_type} | {len(repositories[model_type])} | {names[model_type]:,} |")
    everywhere = {repository for found in repositories.values() for repository in found}
    print(f"{len(everywhere)} repositories, {sum(names.values()):,} names, {unknown:,} unknown")
    return int(bool(unknown))


if __name__ == "__main__":
    raise SystemExit(main())
