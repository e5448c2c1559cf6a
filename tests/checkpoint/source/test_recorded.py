import hashlib

from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.checkpoint.source.held import RecordedSource
from tests.checkpoint.memory_source import MemorySource

DATA = bytes(range(100))


def recorded(*ranges: tuple[str, int, int]) -> RecordedSource:
    source = RecordedSource(MemorySource({"a.bin": DATA, "card.md": DATA}), ["a.bin"])
    for wanted in ranges:
        source.read_ranges([ByteRange(*wanted)])
    return source


def test_the_hash_is_that_of_the_ranges_as_anyone_can_take_it() -> None:
    lines = "".join(f"{a}-{b} {hashlib.sha256(DATA[a:b]).hexdigest()}\n" for a, b in ((5, 10), (20, 30)))
    assert recorded(("a.bin", 20, 30), ("a.bin", 5, 10)).hash_of("a.bin") == hashlib.sha256(lines.encode()).hexdigest()


def test_order_and_repetition_change_nothing() -> None:
    once = recorded(("a.bin", 5, 10), ("a.bin", 20, 30))
    again = recorded(("a.bin", 20, 30), ("a.bin", 5, 10), ("a.bin", 20, 30))
    assert once.hash_of("a.bin") == again.hash_of("a.bin")
    assert once.hash_of("a.bin") != recorded(("a.bin", 5, 10)).hash_of("a.bin")


def test_what_was_not_read_or_is_not_recorded_has_none() -> None:
    source = recorded(("card.md", 0, 10))
    assert (source.hash_of("a.bin"), source.hash_of("card.md")) == (None, None)
