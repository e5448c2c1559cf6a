"""How much the suite draws: enough to show a fault every time, and four times as much with ``--deep``."""

from hypothesis import settings

TIMES = max(1, settings.default.max_examples // 25)
