"""The widely forked bases that a new library begins with, as data, and the building of a library from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from lineage_audit.errors import UnreadableFileError
from lineage_audit.library.database import Database
from lineage_audit.library.database_entries import Label
from lineage_audit.library.fingerprint import from_bytes
from lineage_audit.library.workers import Task, make_many

_LARGEST = 4 * 2**20
_KEYS = ("id", "revision", "license", "family", "note")


class Seed(Struct, frozen=True):
    """One base model.

    Attributes:
        id: Hub repository.
        revision: the commit (``main`` where none is pinned).
        license: its licence.
        family: its family.
        note: what else to know, or None.
    """

    id: str
    revision: str
    license: str | None
    family: str | None
    note: str | None

    @property
    def ref(self) -> str:
        """The reference that is opened."""
        return f"{self.id}@{self.revision}"

    @property
    def label(self) -> Label:
        """What the library database says of it."""
        return Label(self.id, self.family, self.license, self.note)


class _Planted(Struct, frozen=True):
    """What became of one seed: in the library database now, there already, or why not."""

    seed: Seed
    failure: str | None
    was_there: bool


def read_seeds(path: Path | None = None) -> tuple[Seed, ...]:
    """Read a seed list, by default the one that comes with the tool.

    Raises:
        UnreadableFileError: the file is not a seed list.
    """
    import yaml

    name = str(path or "seeds.yaml")
    try:
        text = path.read_text("utf-8") if path else files(__package__).joinpath("seeds.yaml").read_text("utf-8")
        stated = yaml.safe_load(text) if len(text) <= _LARGEST else None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{name}: cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise UnreadableFileError(f"{name}: not valid YAML ({str(error).splitlines()[0]})") from None
    models = stated.get("models") if isinstance(stated, dict) else None
    if not isinstance(models, list):
        raise UnreadableFileError(f"{name}: not a seed list; it needs `models:`, a list with an `id` in each entry")
    return tuple(_seed(line, name, number) for number, line in enumerate(models, start=1))


def _seed(line: object, name: str, number: int) -> Seed:
    if not isinstance(line, dict) or not isinstance(line.get("id"), str) or set(line) - set(_KEYS):
        raise UnreadableFileError(f"{name}: entry {number} needs an `id`, and may have {', '.join(_KEYS[1:])}")
    values = {key: line.get(key) for key in _KEYS[1:]}
    if not all(value is None or isinstance(value, str) for value in values.values()):
        raise UnreadableFileError(f"{name}: entry {number} ({line['id']}) has a value that is no text; quote it")
    return Seed(line["id"], values["revision"] or "main", values["license"], values["family"], values["note"])


def build(
    database: Database, seeds: Sequence[Seed], effort: str = "sample", *, workers: int = 1, scheduler: str | None = None
) -> Iterator[_Planted]:
    """Put every seed in the library database that is not there yet; each gives one answer, and failures hold up nobody.

    Raises:
        LineageAuditError: the library database cannot be written, or Dask is needed and not there.
    """
    there = database.names()
    by_ref = {seed.ref: seed for seed in seeds if seed.id not in there}
    yield from (_Planted(seed, None, was_there=True) for seed in seeds if seed.id in there)
    for made in make_many([Task(ref, effort) for ref in by_ref], workers=workers, scheduler=scheduler):
        seed, failure = by_ref[made.ref], made.failure
        if made.data is not None:
            try:
                database.add(from_bytes(made.data, made.ref), seed.label)
            except UnreadableFileError as error:
                failure = str(error)
        yield _Planted(seed, failure, was_there=False)
