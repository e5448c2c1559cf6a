"""Every threshold of the room is stated in a result and explained on the page."""

from __future__ import annotations

from lineage_audit.behaviour import held_against
from lineage_audit.behaviour.thresholds import described, stated
from tests.behaviour.synthetic import PROMPTS, stranger


def test_every_number_is_stated_and_explained() -> None:
    names = [name for _, name, _, _ in described()]
    assert len(names) == len(set(names))
    assert dict(stated()).keys() == set(names)
    assert all(topic and meaning for topic, _, _, meaning in described())
    assert held_against(stranger(1), stranger(2), [], PROMPTS).parameters == dict(stated())
