"""What inference works on: tensors of unknown name, and the roles guessed for them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.names.inference.wording import Wording
from lineage_audit.checkpoint.roles import Role


class Unknown(Struct, frozen=True):
    """The weights that share a stem, one for each layer and expert.

    Attributes:
        stem: the name with ``{L}`` and ``{E}`` for numbers, without its slot.
        words: the stem as words.
        shape: the shape that most of them have.
    """

    stem: str
    words: Wording
    shape: tuple[int, ...]

    @property
    def is_matrix(self) -> bool:
        """Whether the weights have two dimensions."""
        return len(self.shape) == 2

    @property
    def is_vector(self) -> bool:
        """Whether the weights have one dimension."""
        return len(self.shape) == 1

    @property
    def in_layer(self) -> bool:
        """Whether the stem has a layer's number."""
        return self.words.in_layer

    def transposed(self) -> Unknown:
        """Return the unknown with its matrix transposed."""
        return replace(self, shape=self.shape[::-1])


class Guess(Struct, frozen=True):
    """What was guessed of a checkpoint.

    Attributes:
        roles: role by stem.
        transposed: the matrices inside layers are stored ``[in, out]``.
        width: residual channels.
    """

    roles: Mapping[str, Role]
    transposed: bool
    width: int
