"""What takes too long is ended, and says so."""

import pytest

from benchmarks.architectures.models import NotBuiltError
from benchmarks.architectures.time_limit import at_most


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(NotBuiltError, match="processor time"), at_most(0.05):
        while True:
            pass


def test_what_is_quick_is_not() -> None:
    with at_most(60):
        pass
