"""Text that a repository controls, through every command and every format, as a user would see it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.hostile.family import CONFIG, SOUND, WEIGHTS
from tests.hostile.guarded import HIDDEN, Ran, behaves, run_guarded
from tests.models import llama_config, noisy, safetensors, tokenizer_json, write

PAYLOADS = {
    "terminal": "\u202egnp.exe\u2066\u200b\u200d\ufeff\u061c \x1b[2J\x1b]0;owned\x07\x1b]8;;file:///etc/passwd\x07\x9b31m",
    "rich": "[bold red]markup[/] [link=https://evil.example]x[/link] [/nothing]",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>",
    "markdown": "](javascript:alert(1)) ![p](https://evil.example/p.png) | cell | `code` @somebody #1",
    "lines": "one\ntwo\r\n::error file=x::injected\n- item\u2028three\x00",
    "documents": '"}]]><testcase name="injected"/><!--&lol;<!ENTITY lol SYSTEM "file:///x"> {{0}} {x} %SRCROOT%',
}
"""What each format takes for more than text."""

CHECK_SUFFIXES = ("sarif", "xml", "json", "md", "cdx.json", "txt", "html")


def repository(text: str) -> dict[str, bytes]:
    """A derivative whose every word is the payload."""
    quoted = json.dumps(text)
    names = noisy(WEIGHTS, 2, 0.1)
    front = (
        f"---\nlicense: {quoted}\nlicense_name: {quoted}\nbase_model: [{quoted}, {json.dumps('org/' + text)}]\n---\n"
    )
    config = llama_config(architectures=[text], model_type="llama", _name_or_path=text, torch_dtype=text)
    weights = names | {
        f"model.layers.0.{text}.weight": WEIGHTS["model.norm.weight"],
        text: WEIGHTS["model.norm.weight"],
    }
    return {
        "config.json": json.dumps({**config, text: text}).encode(),
        "model.safetensors": safetensors(weights),
        "README.md": f"{front}\n# {text}\n\nThis model was trained from scratch {text}.\n".encode(errors="replace"),
        "tokenizer.json": tokenizer_json([text, f"a{text}", "b"], [f"<|{text}|>"]),
        "LICENSE": f"{text}\n".encode(errors="replace"),
        "mergekit_config.yml": f"models:\n- model: {quoted}\nbase_model: {quoted}\n".encode(),
        "adapter_config.json": json.dumps({"base_model_name_or_path": text}).encode(),
        "".join(c for c in text if c not in "/\x00")[:100] + ".LICENSE.txt": b"MIT License",
    }


def commands(good: str, bad: str, out: Path) -> list[list[str]]:
    files = [str(out / f"check.{suffix}") for suffix in CHECK_SUFFIXES]
    return [
        *(["compare", good, bad, "-v", "--format", kind] for kind in ("terminal", "json", "markdown")),
        ["compare", bad, good, "-v", "-o", str(out / "report.html")],
        ["inspect", bad],
        ["check", bad, "--reference", good, "-v"],
        ["check", bad, "--reference", good, *(word for file in files for word in ("-o", file))],
    ]  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[Ran], dict[str, str]]]:
    """What was printed and written for each payload."""
    folder = tmp_path_factory.mktemp("injection")
    good = str(write(folder / "good", SOUND))
    plan, outs = [], {}
    for name, text in PAYLOADS.items():
        outs[name] = folder / "out" / name
        outs[name].mkdir(parents=True)
        plan.append(commands(good, str(write(folder / f"bad-{name}", repository(text))), outs[name]))
    every = iter(run_guarded(folder, [command for commands_ in plan for command in commands_]))
    return {
        name: ([next(every) for _ in commands_],
               {path.name: path.read_text(encoding="utf-8") for path in sorted(outs[name].iterdir())})
        for (name, _text), commands_ in zip(PAYLOADS.items(), plan, strict=True)
    }  # fmt: skip


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_printed_is_text_and_nothing_else(name: str, ran: dict[str, tuple[list[Ran], dict[str, str]]]) -> None:
    for one in ran[name][0]:
        behaves(one)
        if "json" in one.arguments:
            json.loads(one.stdout)
        if "markdown" in one.arguments:
            assert_markdown(one.stdout)
    assert sum(one.code in (0, 1, 3) for one in ran[name][0]) >= len(ran[name][0]) - 1, [
        (one.arguments[0], one.code, one.stderr) for one in ran[name][0]
    ]


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_written_is_text_and_nothing_else(name: str, ran: dict[str, tuple[list[Ran], dict[str, str]]]) -> None:
    files = ran[name][1]
    assert {f"check.{suffix}" for suffix in CHECK_SUFFIXES} <= set(files)
    for file, text in files.items():
        assert not HIDDEN & set(text), (file, sorted(map(ascii, HIDDEN & set(text))))
        if file.endswith((".json", ".sarif")):
            json.loads(text)
        elif file.endswith(".md"):
            assert_markdown(text)
        elif file.endswith(".html"):
            assert_html(text)
        elif file.endswith(".xml"):
            tree = ElementTree.fromstring(text)
            assert not [case for case in tree.iter("testcase") if case.get("name") == "injected"]


def assert_markdown(text: str) -> None:
    """As a browser shows it: no script, no image, no foreign link; and no line that a workflow takes for a command."""
    from markdown_it import MarkdownIt

    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    elements = Elements(page)
    assert not elements.names & {"script", "img", "svg", "testcase", "iframe", "style"}, elements.names
    assert not [link for link in elements.links if "evil" in link or link.lower().startswith("javascript")]
    assert not [line for line in text.split("\n") if line.startswith("::")]


def assert_html(text: str) -> None:
    """The page's own elements, one script and no handler: nothing of the payload is an element or an attribute."""
    elements = Elements(text)
    assert "html" in elements.names
    assert not elements.names & {"img", "testcase", "iframe", "object", "embed"}, elements.names
    assert not [name for name in elements.attributes if name.startswith("on")]
    assert not [link for link in elements.links if "evil" in link or link.lower().startswith("javascript")]
    assert not [
        script for script in elements.scripts if "alert(1)" in script.replace("\\u003c", "<") and "<script" in script
    ]


class Elements(HTMLParser):
    """What a browser would make of a page: its elements, attributes, links and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self._in_script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)
            self._in_script = False


def test_names_of_models_and_files_are_text_too(tmp_path: Path) -> None:
    """The folder's own name, and that of a shard, which stand in errors."""
    strange = "a\x1b[31mb\u202e[red]c\nd"
    good = str(write(tmp_path / "good", SOUND))
    bad = str(write(tmp_path / strange, {"config.json": CONFIG, f"model-{strange}.safetensors": b"x"}))
    named = json.dumps({"weight_map": {"a": f"{strange}.safetensors"}}).encode()
    missing = str(write(tmp_path / "missing", {"config.json": CONFIG, "model.safetensors.index.json": named}))
    for ran in run_guarded(tmp_path, [["compare", good, bad], ["compare", bad, good], ["compare", good, missing]]):
        behaves(ran, (2,))
