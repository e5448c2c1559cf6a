"""What a measurement stands for that was made of sketches: fixed projections of some units of a tensor, and no weight.

Nothing is then known to be equal, and one axis of what was measured is no axis of the tensor.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Axis = Literal["rows", "columns"]


class Sketched(Struct, frozen=True):
    """What sketches of a tensor stand for.

    Attributes:
        projected: the axis along which projections stand, where the tensor has residual channels (an embedding tokens);
            None of a vector, whose numbers are its own.
        parameters: parameters of B that the sketches stand for.
    """

    projected: Axis | None
    parameters: int
