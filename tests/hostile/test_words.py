"""Configurations, cards and tokenizers that are absurd, endless or malformed: the weights speak all the same."""

from __future__ import annotations

import json

import pytest

from lineage_audit.checkpoint.tokenizer.token_table import TOKEN_LIMIT
from tests.hostile.family import SOUND, WEIGHTS, Answers, Case, Files, holds, run_family
from tests.models import llama_config, noisy, safetensors

ONE = ("compare",)
CHILD = {**SOUND, "model.safetensors": safetensors(noisy(WEIGHTS, 2, 0.1))}
"""A derivative of the sound model: whatever stands in its words, it is derived."""


def config(**stated: object) -> Files:
    return {**CHILD, "config.json": json.dumps(llama_config(**stated)).encode()}


def card(front: str, prose: str = "") -> Files:
    return {**CHILD, "README.md": f"---\n{front}\n---\n{prose}".encode()}


def tokenizer(text: bytes) -> Files:
    return {**CHILD, "tokenizer.json": text}


def bomb() -> str:
    lines = [f"{chr(n)}: &{chr(n)} [{','.join(['*' + chr(n - 1)] * 9)}]" for n in range(98, 118)]
    return "\n".join(["a: &a [x,x,x,x,x,x,x,x,x]", *lines]) + "\nbase_model: *u\nlicense: *u"


HUGE = 10**12
TYPES = {key: [{"a": key}] for key in llama_config()}
VOCABULARY = b'{"model":{"type":"BPE","vocab":{%s},"merges":[%s]}}'

CASES = {
    "sizes of terabytes": Case(config(hidden_size=HUGE, vocab_size=HUGE, num_hidden_layers=HUGE, head_dim=HUGE,
                                      num_attention_heads=HUGE, num_local_experts=HUGE), (0,), "derived"),
    "numbers that are none": Case(config(hidden_size=1e300, num_hidden_layers=float("nan"), rope_theta=float("inf")),
                                  (0,), "derived"),
    "every type wrong": Case({**CHILD, "config.json": json.dumps(TYPES).encode()}, (0,), "derived"),
    "a configuration in itself": Case(config(text_config={"text_config": {"text_config": {"hidden_size": 7}}}), (0,),
                                      "derived"),
    "a configuration of 30,000 keys": Case(config(**{f"k{i}": [i] for i in range(30_000)}), (0,), "derived"),
    "a configuration nested without end": Case({**CHILD, "config.json": b'{"a":' * 5000 + b"1" + b"}" * 5000},
                                               (0,), "derived"),
    "aliases that multiply": Case(card(bomb()), (0,), "derived"),
    "YAML nested without end": Case(card("base_model: " + "[" * 5_000), (0,), "derived", asked=ONE),
    "YAML nested and closed": Case(card("base_model: " + "[" * 5_000 + "]" * 5_000), (0,), "derived", asked=ONE),
    "YAML of questions": Case(card("? " * 30_000), (0,), "derived", asked=ONE),
    "YAML of open mappings": Case(card("{" * 300 + "a: " * 15_000), (0,), "derived", asked=ONE),
    "YAML tags with code": Case(card("license: !!python/object/apply:os.system ['id']\n"
                                     "base_model: !!python/name:os.system\nx: !!python/module:antigravity"),
                                (0,), "derived"),
    "an endless claim": Case(card("license: mit", "trained from scratch " * 150_000), (0,), "derived", asked=ONE),
    "fences that never close": Case(card("license: mit", "```\n~~~\n" * 50_000), (0,), "derived", asked=ONE),
    "a card of other bytes": Case({**CHILD, "README.md": bytes(range(256)) * 100}, (0,), "derived"),
    "a billion merges, as far as 30 MB go": Case(
        lambda: tokenizer(VOCABULARY % (b'"a":0', b'"a a",' * 5_000_000 + b'""')), (0,), "tokenizer left out",
        asked=ONE),
    "more tokens than any tokenizer": Case(
        lambda: tokenizer(VOCABULARY % (b",".join(b'"%x":%d' % (i, i) for i in range(TOKEN_LIMIT + 1)), b"")), (0,),
        "tokenizer left out", asked=ONE),
    "a tokenizer of invalid UTF-8": Case(tokenizer(VOCABULARY % (b'"\xff":0', b"")), (0,), "tokenizer left out"),
    "a tokenizer cut short": Case(tokenizer(VOCABULARY[:30]), (0,), "tokenizer left out"),
    "a tokenizer of surrogates": Case(tokenizer(VOCABULARY % (b'"\\ud800":0,"\\udfff\\u0000":1', b'"\\ud800 x"')), (0,),
                                      "derived"),
    "ids that are none": Case(tokenizer(VOCABULARY % (b'"a":-1,"b":1e9,"c":null,"d":99999999999999999999', b"")), (0,),
                              "derived"),
    "a protobuf that lies of its length": Case({**CHILD, "tokenizer.model": b"\x0a\xff\xff\xff\xff\x0f" * 10}, (0,),
                                               "tokenizer left out"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    cases = {name: with_any_check(case) for name, case in CASES.items()}
    return run_family(tmp_path_factory.mktemp("words"), cases)


def with_any_check(case: Case) -> Case:
    """Claims that cannot be read may let a check fail, pass or end undecided, but never break it."""
    return Case(case.files, case.codes, case.says, (0, 1, 2, 3), case.asked)


@pytest.mark.parametrize("name", CASES)
def test_words_never_break_what_the_weights_say(name: str, ran: dict[str, Answers]) -> None:
    holds(with_any_check(CASES[name]), ran[name])
