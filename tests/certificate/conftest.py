"""A base, what was made of it, and a stranger, held in memory."""

import pytest

from lineage_audit.checkpoint import Checkpoint
from tests.certificate.zoo import opened


@pytest.fixture(scope="session")
def models() -> dict[str, Checkpoint]:
    return opened()
