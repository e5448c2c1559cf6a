"""What holds of the tests themselves."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
_CLOCK = re.compile(r"\b(?:perf_counter|process_time|monotonic|thread_time|time\.time)\b")
_WAIT_FOR_A_PROCESS = {
    "report/html/browser.py": "waits for a browser to answer",
    "cli/test_process.py": "waits until a process has begun to read",
    "hostile/test_faults.py": "kills a process at some moment",
}
"""The only tests that look at a clock: none of them asserts what it says."""


def test_no_test_asserts_a_time():
    looking = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("*.py")
        if path != Path(__file__) and _CLOCK.search(path.read_text(encoding="utf-8"))
    }
    assert looking == _WAIT_FOR_A_PROCESS.keys()
