"""How long `identify` takes as the library grows, by simulation.

Run from the project's root: ``python -m benchmarks.fingerprints.library_size [--models N ...]``. A library is
filled with random signatures of strangers; fingerprints of 7B shape stand behind those that the prefilter chooses,
one of them the parent of the subject. The subject's fingerprint is there before the clock starts.
"""

from __future__ import annotations

import argparse
import dataclasses
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from benchmarks.fingerprints.sizes import SHAPES, drawn
from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.library.database import Database, open_database, shape_of
from lineage_audit.library.database_entries import Label
from lineage_audit.library.fingerprint import Fingerprint, from_bytes, sketch, to_bytes
from lineage_audit.library.fingerprint.values import Block, LayerSketch, Levels, Sketches
from lineage_audit.library.identification import identify_on_database

_DISTINCT = 32
"""Fingerprints of strangers that the rows share."""


def main() -> int:
    """Print one line a size; exit with 1 if the parent is not found, or 10,000 take 5 s of CPU and more."""
    options = _options()
    original = sketch(read_checkpoint(drawn("llama-2-7b", SHAPES[options.shape])))
    rng = np.random.default_rng(0)
    strangers = [to_bytes(_redrawn(original, rng)) for _ in range(_DISTINCT)]
    parent = from_bytes(to_bytes(_redrawn(original, rng)), "parent")
    subject = _tuned(parent, rng)
    wrong = 0
    for count in options.models:
        with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "shelf", create=True) as database:
            _fill(database, strangers, count, rng)
            database.add(parent, Label("parent"))
            started, worked = time.perf_counter(), time.process_time()
            answer = identify_on_database(subject, database)
            seconds, cpu = time.perf_counter() - started, time.process_time() - worked
            first = answer.relatives[0].name if answer.relatives else "nobody"
            print(
                f"{count:,} models: {seconds:.2f} s ({cpu:.2f} s of CPU), {answer.compared} compared, {first} named of "
                f"{len(answer.relatives)}, prefilter limit {answer.prefilter_limit or 0:.2f}",
                flush=True,
            )
            wrong += first != "parent" or (count <= 10_000 and cpu >= 5)
    return int(wrong > 0)


def _redrawn(original: Fingerprint, rng: np.random.Generator) -> Fingerprint:
    """A fingerprint of the same shape with every level drawn anew."""
    layers = tuple(
        LayerSketch(
            layer.layer,
            *(_mapped(block, lambda levels: _levels(rng, levels)) for block in (layer.units, layer.values, layer.keys)),
        )
        for layer in original.layers
    )
    embedding = None if original.embedding is None else _levels(rng, original.embedding)
    signature = rng.normal(0, 32, original.signature.shape).clip(-127, 127).astype(np.int8)
    identity = dataclasses.replace(original.identity, digest=f"drawn:{rng.integers(2**62)}")
    return replace(original, identity=identity, layers=layers, embedding=embedding, signature=signature)


def _tuned(parent: Fingerprint, rng: np.random.Generator) -> Fingerprint:
    """A fine-tune: a tenth of the levels move by one, and the signature a little."""

    def moved(levels: Levels) -> Levels:
        steps = rng.choice(np.array([-1, 0, 1], dtype=np.int8), levels.shape, p=[0.05, 0.9, 0.05])
        return np.clip(levels + steps, -7, 7).astype(np.int8)

    layers = tuple(
        LayerSketch(layer.layer, *(_mapped(block, moved) for block in (layer.units, layer.values, layer.keys)))
        for layer in parent.layers
    )
    signature = np.clip(parent.signature + rng.normal(0, 5, parent.signature.shape), -127, 127).astype(np.int8)
    identity = dataclasses.replace(parent.identity, digest="drawn:subject")
    return replace(parent, identity=identity, layers=layers, signature=signature)


def _mapped(block: Block | None, change: object) -> Block | None:
    if block is None:
        return None
    roles = {
        role: Sketches(change(part.channels), change(part.tokens), part.sizes)  # type: ignore[operator]
        for role, part in block.roles.items()
    }
    return Block(block.numbers, block.size, roles)


def _levels(rng: np.random.Generator, like: Levels) -> Levels:
    drawn_levels: Levels = np.clip(np.rint(rng.standard_normal(like.shape) / 0.34), -7, 7).astype(np.int8)
    return drawn_levels


def _fill(database: Database, strangers: list[bytes], count: int, rng: np.random.Generator) -> None:
    """Fill the tables directly: a signature of its own for every row, a shared fingerprint behind it."""
    known = from_bytes(strangers[0], "stranger")
    width, units = shape_of(known)
    names = "name, ref, digest, scheme, effort, architecture, parameters, width, units, bytes"
    with sqlite3.connect(database.path) as connection:
        connection.execute("CREATE TABLE shared (number INTEGER PRIMARY KEY, fingerprint BLOB)")
        connection.executemany("INSERT INTO shared VALUES (?, ?)", enumerate(strangers))
        for start in range(0, count, 10_000):
            rows = range(start, min(count, start + 10_000))
            connection.executemany(
                f"INSERT INTO models (id, {names}) "
                f"VALUES (?, ?, ?, ?, ?, 'full', 'drawn', 7000000000, {width}, {units}, 0)",
                ((row + 1, f"stranger-{row}", "x", f"drawn:{row}", known.scheme) for row in rows),
            )
            connection.executemany("INSERT INTO signatures VALUES (?, ?)", _signatures(rows, known.signature, rng))
        connection.execute("DROP TABLE fingerprints")
        connection.execute(
            "CREATE TABLE own (model INTEGER PRIMARY KEY REFERENCES models(id) ON DELETE CASCADE, fingerprint BLOB)"
        )
        connection.execute(
            "CREATE VIEW fingerprints AS "
            "SELECT id AS model, coalesce(own.fingerprint, shared.fingerprint) AS fingerprint "
            f"FROM models LEFT JOIN own ON own.model = id LEFT JOIN shared ON number = id % {len(strangers)}"
        )
        connection.execute(
            "CREATE TRIGGER put INSTEAD OF INSERT ON fingerprints "
            "BEGIN INSERT INTO own VALUES (new.model, new.fingerprint); END"
        )


def _signatures(rows: range, like: Levels, rng: np.random.Generator) -> Iterator[tuple[int, bytes]]:
    values = rng.normal(0, 32, (len(rows), *like.shape)).clip(-127, 127).astype(np.int8)
    return ((row + 1, one.tobytes()) for row, one in zip(rows, values, strict=True))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", nargs="+", type=int, default=[100, 1000, 10_000], help="default: 100 1000 10000")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="llama-2-7b")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
