"""Tokenizers and token streams, made once and kept beside the models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.training.bpe import LLAMA_TOKENS, token_stream, train_tokenizer, write_tokenizer
from benchmarks.zoo.corpora import CORPORA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

LONGEST_CONTEXT = 128


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of tokenizers (``python-a-1024.json``) and of streams (``python-a-1024 english-a.npy``)."""

    folder: Path

    def tokenizer(self, name: str) -> Tokenizer:
        """Return a tokenizer, trained now if it is not there yet."""
        return _tokenizer(self.folder, name)

    def tokens(self, tokenizer: str, corpus: str) -> NDArray[np.int64]:
        """Return a corpus as one stream of token ids, encoded now if it is not there yet."""
        import numpy as np

        path = self.folder / f"{tokenizer} {corpus}.npy"
        if not path.exists():
            _save(path, token_stream(self.tokenizer(tokenizer), CORPORA[corpus]()))
        stream: NDArray[np.int64] = np.load(path)
        return stream

    def write_tokenizer(self, folder: Path, name: str, added: tuple[str, ...]) -> None:
        """Write a tokenizer into a model's folder, with the tokens that were appended to it."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(self.tokenizer(name).to_str())
        tokenizer.add_special_tokens(list(added))
        write_tokenizer(folder, tokenizer, LLAMA_TOKENS, LONGEST_CONTEXT)


@cache
def _tokenizer(folder: Path, name: str) -> Tokenizer:
    from tokenizers import Tokenizer

    path = folder / f"{name}.json"
    if path.exists():
        return Tokenizer.from_file(str(path))
    corpus, size = name.rsplit("-", 1)
    tokenizer = train_tokenizer(CORPORA[corpus](), int(size), LLAMA_TOKENS)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    tokenizer.save(str(partial))
    partial.rename(path)
    return tokenizer


def _save(path: Path, stream: NDArray[np.int64]) -> None:
    import numpy as np

    partial = path.with_suffix(".partial.npy")
    np.save(partial, stream)
    partial.rename(path)
