"""A small server that speaks OpenAI's protocol on this machine: completions with echo and log-probabilities, and chat.

What it serves is a `Speaker`: any function from a text to the probabilities of the next token. How many candidates it
shows, and what it refuses, is set by `Manners`, so that it can be as tight-lipped as published endpoints are.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol


class Speaker(Protocol):
    """What is served."""

    def tokens(self, text: str) -> list[str]:
        """A text as tokens."""
        ...

    def next_tokens(self, text: str) -> Mapping[str, float]:
        """Probability of every token that may come next."""
        ...


@dataclass(frozen=True, slots=True)
class Manners:
    """How an endpoint behaves.

    Attributes:
        echoes: whether completions echo the prompt with its log-probabilities.
        most_shown: how many candidates it shows; more are refused with status 400.
        chats: whether there is chat.
        completes: whether there are completions.
        key: the key that it wants, or None.
    """

    echoes: bool = True
    most_shown: int = 20
    chats: bool = True
    completes: bool = True
    key: str | None = None


Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""

Interruption = Callable[[int], Answer | None]
"""What answers a request of some number instead of the endpoint, if anything."""


@dataclass(slots=True)
class Served:
    """A running server: where it is, and what it was asked."""

    base: str
    asked: list[Mapping[str, Any]]


@contextmanager
def serving(speaker: Speaker, manners: Manners, interrupt: Interruption = lambda _number: None) -> Iterator[Served]:
    """Serve for as long as the block lasts, on a free port of this machine."""
    asked: list[Mapping[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, "authorization": self.headers.get("Authorization"), **body})
            status, headers, data = interrupt(len(asked)) or self._answer(body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _answer(self, body: Mapping[str, Any]) -> Answer:
            if manners.key is not None and self.headers.get("Authorization") != f"Bearer {manners.key}":
                return 401, {}, json.dumps({"error": f"wrong key {self.headers.get('Authorization')}"}).encode()
            if self.path == "/v1/completions" and manners.completes:
                return _completion(speaker, manners, body)
            if self.path == "/v1/chat/completions" and manners.chats:
                return _chat(speaker, manners, body)
            return 404, {}, b"{}"

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_address[1]}/v1", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _completion(speaker: Speaker, manners: Manners, body: Mapping[str, Any]) -> Answer:
    shown = body.get("logprobs")
    if (shown is not None and shown > manners.most_shown) or (body.get("echo") and not manners.echoes):
        return 400, {}, b"{}"
    text = body["prompt"]
    tokens = speaker.tokens(text) if body.get("echo") else []
    tops: list[Mapping[str, float] | None] = []
    own: list[float | None] = []
    offsets, before = [], ""
    for token in tokens:
        likely = speaker.next_tokens(before) if before else None
        own.append(math.log(max(likely.get(token, 0.0), 1e-12)) if likely else None)
        tops.append(_best(likely, shown) if likely and shown else None)
        offsets.append(len(before))
        before += token
    after = speaker.next_tokens(text)
    said = max(after, key=lambda token: after[token])
    logprobs = {
        "tokens": [*tokens, said],
        "token_logprobs": [*own, math.log(after[said])],
        "top_logprobs": [*tops, _best(after, shown or 0)],
        "text_offset": [*offsets, len(text)],
    }
    choice = {"index": 0, "text": said, "logprobs": logprobs if shown else None, "finish_reason": "length"}
    return 200, {}, json.dumps({"object": "text_completion", "choices": [choice]}).encode()


def _chat(speaker: Speaker, manners: Manners, body: Mapping[str, Any]) -> Answer:
    shown = body.get("top_logprobs", 0)
    if shown > manners.most_shown:
        return 400, {}, b"{}"
    likely = speaker.next_tokens(body["messages"][-1]["content"])
    best = _best({token.lstrip(" ") or token: probability for token, probability in likely.items()}, shown)
    entries = [{"token": token, "logprob": value, "bytes": list(token.encode())} for token, value in best.items()]
    content = [{**entries[0], "top_logprobs": entries}] if entries and body.get("logprobs") else []
    choice = {"index": 0, "message": {"role": "assistant", "content": ""}, "logprobs": {"content": content}}
    return 200, {}, json.dumps({"object": "chat.completion", "choices": [choice]}).encode()


def _best(likely: Mapping[str, float], count: int) -> dict[str, float]:
    best = sorted(likely, key=lambda token: -likely[token])[:count]
    return {token: math.log(max(likely[token], 1e-12)) for token in best}


class TransformersSpeaker:
    """A causal language model of a local folder."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(str(folder))
        self._model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32).eval()
        special = set(self._tokenizer.all_special_ids)
        count = self._model.get_output_embeddings().weight.shape[0]
        self._texts = ["" if token in special else self._tokenizer.decode([token]) for token in range(count)]
        self._likely = cache(self._next_likely)

    def tokens(self, text: str) -> list[str]:
        """A text as tokens, special ones left out."""
        return [self._texts[token] for token in self._tokenizer(text)["input_ids"] if self._texts[token]]

    def next_tokens(self, text: str) -> Mapping[str, float]:
        """Probability of every token by its text."""
        return self._likely(text)

    def _next_likely(self, text: str) -> Mapping[str, float]:
        import torch

        with torch.inference_mode():
            logits = self._model(**self._tokenizer(text, return_tensors="pt")).logits[0, -1]
        found: dict[str, float] = {}
        for token, probability in enumerate(logits.softmax(-1).tolist()):
            if token < len(self._texts):
                found[self._texts[token]] = found.get(self._texts[token], 0.0) + probability
        return found
