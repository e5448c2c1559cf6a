"""The benchmark of certificates: shares of work, and a table that tells what went wrong."""

from benchmarks.certificates.__main__ import _due
from benchmarks.certificates.summary import made_forged, made_tampered, table

GOOD = {
    "a": "x", "b": "y", "related": True, "written": True, "rule": "values-in-place/1", "grade": "exact",
    "log10_p": -20.0, "bytes": 100, "verified": True, "verified_again": True, "tampered": {"0 a term": False},
}  # fmt: skip
FORGED = {"forged": True, "grade": "exact", "log10_p": -50.0, "arithmetic": "arithmetic-only", "outcome": "refused"}
PLANTED = {"log10_p": -50.0, "effect": 0.25, "plantable": 0.4, "grade": None}
STRANGERS = {"a": "x", "b": "z", "related": False, "forged": {"rows": FORGED}, "planted": {"signs: a rule": PLANTED}}


def test_work_is_shared_out_to_the_last():
    for total, among in ((1000, 3), (200, 460), (0, 2)):
        assert _due(total, among)[-1] == total
    assert _due(3, 3) == [1, 2, 3]
    assert _due(5, 0) == []


def test_what_could_not_be_forged_is_not_counted():
    rows = [GOOD, STRANGERS, STRANGERS | {"forged": {"rows": {"forged": False, "why": "another shape"}}}]
    assert (made_tampered(rows), made_forged(rows)) == (1, 1)


def test_a_run_without_a_fault_holds():
    lines, holds = table([GOOD, STRANGERS])
    assert holds
    assert "verified with the models: 0" in "\n".join(lines)


def test_every_kind_of_fault_is_told():
    faults = (
        [GOOD | {"verified_again": False}],
        [GOOD | {"tampered": {"0 a term": True}}],
        [STRANGERS | {"forged": {"rows": FORGED | {"outcome": "verified"}}}],
        [STRANGERS | {"planted": {"signs: a rule": PLANTED | {"grade": "exact"}}}],
    )
    for rows in faults:
        lines, holds = table(rows)
        assert not holds
        assert lines
