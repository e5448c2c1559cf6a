"""Draws follow from the digests alone."""

from lineage_audit.certificate.identity import draw, seed_of, some_of


def test_draws_are_what_the_document_says():
    seed = seed_of("a", "b")
    assert seed == "aef6db22b6eed1ccce02dc178b499d13aaa0ca9159be7f90ab78c3c1823f2d48"
    assert seed != seed_of("b", "a")
    assert 0 <= draw(seed, "rows/64", 10) < 10
    assert draw(seed, "rows/64", 2**40) != draw(seed, "rows/65", 2**40)


def test_some_of_many_are_in_order_and_do_not_depend_on_theirs():
    assert some_of("s", "layers", range(40), 16) == some_of("s", "layers", reversed(range(40)), 16)
    assert len(some_of("s", "layers", range(40), 16)) == 16
    assert some_of("s", "layers", [3, 1], 16) == [1, 3]
