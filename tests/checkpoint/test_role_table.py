"""The table of what roles do is whole, and says of each matrix on which side the residual stream is."""

import pytest

from lineage_audit.checkpoint.role_table import DUTIES, NORMED_BY, READERS, WRITERS, Axis
from lineage_audit.checkpoint.roles import NORM_ROLES, WITHOUT_PLACE, Role


def test_a_role_reads_the_stream_or_writes_it() -> None:
    assert not READERS & WRITERS
    assert NORMED_BY.keys() <= READERS


def test_what_stands_in_front_of_a_matrix_is_a_norm_of_the_stream() -> None:
    assert set(NORMED_BY.values()) <= NORM_ROLES
    assert all(DUTIES[norm].rows is Axis.RESIDUAL for norm in NORMED_BY.values())


def test_roles_without_a_place_do_nothing_that_is_known() -> None:
    assert DUTIES.keys().isdisjoint(WITHOUT_PLACE)


@pytest.mark.parametrize("role", [Role.CROSS_O, Role.MIXER_O, Role.O, Role.DOWN, Role.O_B])
def test_outputs_write_the_stream(role: Role) -> None:
    assert role in WRITERS


def test_keys_of_cross_attention_read_another_stream() -> None:
    assert READERS.isdisjoint({Role.CROSS_K, Role.CROSS_V})
