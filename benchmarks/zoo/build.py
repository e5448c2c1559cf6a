"""Build the lineage zoo: every model of both halves, each from its seed, made where it is missing.

Run from the project's root: ``python -m benchmarks.zoo.build [--out DIR] [--half HALF] [--only FAMILY ...]``.
Under 45 minutes on two cores. Models that are already there and complete are kept, so that an interrupted build
goes on where it stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from benchmarks.training.corpus import CorpusTooSmallError
from benchmarks.zoo.catalogue import HALVES, SETS, Entry, Half, catalogue
from benchmarks.zoo.corpora import NEIGHBOURS
from benchmarks.zoo.production import discard_partial, is_complete, make
from benchmarks.zoo.recipes import VocabularyReplaced
from benchmarks.zoo.store import Store

DEFAULT_OUT = Path("~/.cache/lineage-audit/zoo")
FAMILIES = ("llama", "gpt2", "mistral", "qwen2", "gemma", "neox", "mixtral")


def main() -> None:
    """Build what the command line asks for."""
    options = _options()
    entries = [entry for family in options.only for half in options.half for entry in _family(half, family)]
    build(entries, options.out.expanduser(), options.workers)


def build(entries: Sequence[Entry], out: Path, workers: int) -> None:
    """Make the missing ones of these models, each as soon as its parents are there.

    Raises:
        CorpusTooSmallError: this machine has too little text.
    """
    missing = [entry for entry in entries if not is_complete(entry, out)]
    print(f"{len(entries)} models, {len(missing)} to make in {out}", flush=True)
    if not missing:
        return
    _fill_store(missing, Store(out / "shelf"))
    # Fresh processes: torch's threads do not survive a fork.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        try:
            _make_all(missing, out, pool)
        except BaseException:
            # Stop at the first failure instead of after everything that is waiting.
            pool.shutdown(cancel_futures=True)
            raise


def _make_all(missing: list[Entry], out: Path, pool: ProcessPoolExecutor) -> None:
    waiting = list(missing)
    running: dict[Future[float], Entry] = {}
    total = len(waiting)
    while waiting or running:
        unmade = {entry.folder for entry in waiting} | {entry.folder for entry in running.values()}
        for entry in [entry for entry in waiting if not any(parent.folder in unmade for parent in entry.parents)]:
            waiting.remove(entry)
            discard_partial(entry, out)
            running[pool.submit(_make, entry.half, entry.name, out)] = entry
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            entry = running.pop(future)
            count = total - len(waiting) - len(running)
            print(f"[{count}/{total}] {entry.folder}  {future.result():.1f} s", flush=True)


def _make(half: Half, name: str, out: Path) -> float:
    """Make one model in a worker; what training prints of two models at a time would say nothing."""
    with contextlib.redirect_stdout(io.StringIO()):
        return make(catalogue(half)[name], out)


def _family(half: Half, family: str) -> list[Entry]:
    return [entry for entry in catalogue(half).values() if entry.family == family]


def _fill_store(entries: Sequence[Entry], store: Store) -> None:
    """Make tokenizers and streams here, before two workers want the same one."""
    for entry in entries:
        base, neighbours = entry.base, NEIGHBOURS[entry.base.corpus]
        training = entry.recipe.training if entry.recipe else None
        if entry.recipe is None:
            store.tokens(base.tokenizer, base.corpus)
        elif training:
            tokenizer = base.tokenizer
            if isinstance(entry.recipe.change, VocabularyReplaced):
                tokenizer = f"{neighbours.other}-{base.config['vocab_size']}"
            store.tokens(tokenizer, base.corpus if training.corpus == "own" else getattr(neighbours, training.corpus))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help=f"default: {DEFAULT_OUT}")
    parser.add_argument("--half", nargs="+", choices=SETS, default=HALVES, help="default: both")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=FAMILIES, metavar="FAMILY", help="default: all")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of one thread (default: 2)")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except CorpusTooSmallError as error:
        sys.exit(f"benchmarks.zoo.build: {error}")
