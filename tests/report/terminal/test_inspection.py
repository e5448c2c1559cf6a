from dataclasses import replace

import pytest

from lineage_audit.report.terminal.inspection import render_inspection_terminal
from tests.report.printing import in_ascii, plain
from tests.report.samples import INSPECTION


@pytest.mark.parametrize("width", [80, 100])
def test_inspection(width, golden):
    golden(f"inspection.{width}.txt", plain(render_inspection_terminal, INSPECTION, width=width))


def test_long_lists_are_cut_and_counted():
    many = replace(INSPECTION, unmapped=tuple(f"tensor.{number}" for number in range(30)))
    assert "and 18 more" in plain(render_inspection_terminal, many, width=100)


def test_a_checkpoint_of_which_little_is_known():
    bare = replace(INSPECTION, fields=(), other_fields=(), roles=(), unmapped=(), dtypes={}, claims=(), caveats=())
    written = plain(render_inspection_terminal, bare, width=80)
    assert "Dtypes          none" in written
    assert "Caveats         none" in written


def test_a_console_without_unicode_gets_ascii():
    assert b"64000 x 7168" in in_ascii(render_inspection_terminal, INSPECTION)
