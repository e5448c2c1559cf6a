"""An image says what shape it has, and fits no tensor that its maps were not made for."""

import numpy as np
import pytest

from lineage_audit.comparison.alignment.aligned_tensor import AlignedTensor

ORDER = np.array([2, 0, 1])
TURN = np.eye(4, 3, dtype=np.float32)
ONES = np.ones(3, dtype=np.float32)


@pytest.mark.parametrize(
    ("aligned_a", "shape", "rows", "expected"),
    [
        (AlignedTensor(), (5, 4), 5, (5, 4)),
        (AlignedTensor(columns=ORDER), (5, 4), 5, (5, 3)),
        (AlignedTensor(columns=ORDER), (5, 2), 5, None),
        (AlignedTensor(rotation=TURN), (5, 4), 2, (2, 3)),
        (AlignedTensor(rotation=TURN), (5, 64), 2, None),
        (AlignedTensor(row_rotation=TURN), (4, 7), 4, (3, 7)),
        (AlignedTensor(row_rotation=TURN), (5, 7), 5, None),
        (AlignedTensor(column_factor=ONES), (5, 4), 5, None),
        (AlignedTensor(a_gain=ONES), (5, 4), 5, None),
        (AlignedTensor(a_gain=ONES, b_gain=ONES), (5, 3), 5, (5, 3)),
        (AlignedTensor(row_factor=ONES), (3,), 3, (3,)),
        (AlignedTensor(row_factor=ONES), (4,), 4, None),
    ],
)
def test_the_shape_of_an_image(
    aligned_a: AlignedTensor, shape: tuple[int, ...], rows: int, expected: tuple[int, ...] | None
) -> None:
    assert aligned_a.shape_of(shape, rows) == expected


def test_what_is_said_to_fit_does() -> None:
    aligned_a = AlignedTensor(a_gain=np.ones(4, dtype=np.float32), columns=ORDER, column_factor=ONES, row_rotation=TURN)
    carried = aligned_a.of_a(np.zeros((4, 4), dtype=np.float32), np.arange(3))
    assert carried.shape == aligned_a.shape_of((4, 4), 4)
