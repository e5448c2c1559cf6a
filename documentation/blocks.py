"""What stands between fences on a page: examples to run, and everything that is no prose."""

from __future__ import annotations

import re

FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n\$ (lineage-audit [^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
