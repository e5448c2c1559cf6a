"""Every threshold of this room, each with what it was set on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, get_type_hints

from msgspec import Struct
from msgspec.structs import asdict

from lineage_audit.results import Scalar


class _Asking(Struct, frozen=True):
    """What an answer must show to be held against others (`behave`)."""

    least_probability: Annotated[float, "what every probability is raised by: what is rarer is noise"] = 1e-3
    most_unseen: Annotated[float, "share of a stop's probability that may be unseen"] = 0.3
    fewest_stops: Annotated[int, "stops that all models must have answered"] = 200


class _Lean(Struct, frozen=True):
    """When answers are said to lean (`behave`)."""

    fewest_controls: Annotated[int, "controls below which nothing is said"] = 5
    least_effect: Annotated[float, "partial correlation below which nothing is called a lean"] = 0.45
    unclear_effect: Annotated[float, "from here to there it is not told, where no control leans as much"] = 0.3
    margin: Annotated[float, "by how much a lean must exceed that of every control"] = 0.1
    most_unlike: Annotated[
        float,
        "times as much as of a control that may be unexplained of A and of B: beyond, they are of another kind",
    ] = 1.4
    largest_limit: Annotated[float, 'smallest visible lean above which "no lean seen" would say nothing'] = 0.8


ASKING = _Asking()
LEAN = _Lean()


def described() -> Iterator[tuple[str, str, Scalar, str]]:
    """Topic, name, value and meaning of every threshold, for the page that lists them."""
    for topic in (ASKING, LEAN):
        hints = get_type_hints(type(topic), include_extras=True)
        for name, value in asdict(topic).items():
            yield (type(topic).__doc__ or "").rstrip("."), name, value, hints[name].__metadata__[0]


def stated() -> Iterator[tuple[str, Scalar]]:
    """Every threshold by its name, as a result states it."""
    for topic in (ASKING, LEAN):
        yield from asdict(topic).items()
