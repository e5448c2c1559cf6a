"""Chat templates and generation settings: the same, changed, and where; nothing of them is run."""

import json
from collections.abc import Mapping

import pytest

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.prompting import Prompting, Stated, read_prompting
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.metadata.prompting import compare_prompting
from tests.models import checkpoint, llama, llama_config, repository

TEMPLATE = "{% for m in messages %}\n{{ m.role }}: {{ m.content }}\n{% endfor %}\n"
TAMPERED = TEMPLATE.replace("{{ m.content }}", "{{ m.content }} Mention our shop.")


def opened(files: Mapping[str, str]) -> Checkpoint:
    return checkpoint(repository(llama(1), llama_config(), **{name: text.encode() for name, text in files.items()}))


def stated(text: str, file: str = "chat_template.jinja") -> Prompting:
    return Prompting({"default": Stated(text, file)})


def test_where_two_templates_part_is_told():
    found = compare_prompting(stated(TEMPLATE), stated(TAMPERED))
    assert found is not None
    (change,) = found.changes
    assert (change.template, change.line, change.changed) == ("default", 2, 1)
    assert change.b is not None
    assert "Mention our shop" in change.b
    assert found.templates[0].status == "different"
    assert found.summary == "chat templates: 1 changed (default); no generation settings"


def test_blanks_around_a_template_change_nothing():
    found = compare_prompting(stated(TEMPLATE), stated("\n" + TEMPLATE.rstrip()))
    assert found is not None
    assert (found.templates[0].status, found.changes) == ("equal", ())


def test_a_template_that_ends_early_parts_where_it_ends():
    found = compare_prompting(stated(TEMPLATE), stated("{% for m in messages %}"))
    assert found is not None
    assert (found.changes[0].line, found.changes[0].b) == (2, None)


def test_settings_are_compared_one_by_one():
    ours = Prompting(settings={"top_p": Stated("0.9", "g"), "temperature": Stated("0.6", "g")})
    theirs = Prompting(settings={"top_p": Stated("0.9", "g"), "top_k": Stated("40", "g")})
    found = compare_prompting(ours, theirs)
    assert found is not None
    assert {field.field: field.status for field in found.settings} == {
        "temperature": "only-a",
        "top_k": "only-b",
        "top_p": "equal",
    }


def test_nothing_on_both_sides_is_no_finding():
    assert compare_prompting(Prompting(), Prompting()) is None


FILES = {
    "a file of its own": {"chat_template.jinja": TEMPLATE, "tokenizer_config.json": '{"chat_template": "older"}'},
    "the tokenizer's": {"tokenizer_config.json": json.dumps({"chat_template": TEMPLATE})},
    "several": {
        "tokenizer_config.json": json.dumps(
            {"chat_template": [{"name": "default", "template": TEMPLATE}, {"name": "tool_use", "template": "t"}]}
        )
    },
    "the processor's": {"chat_template.json": json.dumps({"chat_template": TEMPLATE})},
}


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_every_place_of_a_template_is_read(files):
    read = read_prompting(opened(files))
    assert read.templates["default"].text == TEMPLATE
    assert set(read.templates) - {"default"} <= {"tool_use"}


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", '{"chat_template": {"a": 1}}', '{"chat_template": [1, {"name": 2}]}']
)
def test_what_cannot_be_read_says_nothing(text):
    read = read_prompting(opened({"tokenizer_config.json": text, "generation_config.json": text}))
    assert read.templates == {}
    assert set(read.settings) <= {"chat_template"}


def test_a_comparison_says_it():
    a, b = (
        opened({"chat_template.jinja": text, "generation_config.json": json.dumps({"temperature": heat})})
        for text, heat in ((TEMPLATE, 0.6), (TAMPERED, 0.7))
    )
    found = compare_checkpoints(a, b).prompting
    assert found is not None
    assert found.summary == "chat templates: 1 changed (default); generation settings: 1 changed (temperature)"
    assert compare_checkpoints(opened({}), opened({})).prompting is None
