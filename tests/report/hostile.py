"""Reports in which every string that a model repository may control holds something nasty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, get_origin, get_type_hints

NASTY = (
    "rub\x7fout",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "a\u202egnp.exe\u2066\u200b\ufeff",
    "[bold red]markup[/] [/nothing] [link=https://evil.example]x[/link]",
    "<script>alert(1)</script><img src=x onerror=y>&amp;&#60;b>",
    "a | b \\| c \\\\| d",
    "`code` ``two`` ```three",
    "one\ntwo\r\nthree\ttab\x00nul\x85nel\u2028line",
    "- item",
    "1. item",
    "# heading",
    "---",
    "```",
    "> quote",
    "![image](https://evil.example/pixel.png) [text][ref] https://evil.example www.evil.example",
    "@somebody look at #1, owner/repo#2 and user@host.example",
    "**bold** _under_ ~~strike~~ $x^2$ *",
    "\u0336\u0336\u0336z\u0300\u0301\u0302\u0303\u0304 \u3164\u2800",
    "\ud800 lone \udfff",
    "日本語の名前" * 30,
    "x" * 5000,
    "{L}.{role} %s %(x)s {0}",
)


def with_every_string(value: Any, text: str) -> Any:
    """The value with every string replaced, except those of closed sets."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(with_every_string(item, text) for item in value)
    if isinstance(value, Mapping):
        return {f"{text}{number}": with_every_string(item, text) for number, item in enumerate(value.values())}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    hints = get_type_hints(type(value))
    return replace(
        value,
        **{
            field.name: with_every_string(getattr(value, field.name), text)
            for field in fields(value)
            if get_origin(hints[field.name]) is not Literal
        },
    )
