"""What of a ``tokenizer.json`` says which tokens there are; the rest of it, most of all its merges, is not built.

A sound file is decoded into a typed structure, which takes a fifth of the time of a general parser. Whatever does not
fit the types is parsed once more, patiently and within the bounds of any other JSON, so that a damaged file ends in a
message of one line and an odd one is still read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from lineage_audit.checkpoint.bounded_json import VALUE_LIMIT, parse_json
from lineage_audit.errors import UnreadableFileError

STAGES = ("normalizer", "pre_tokenizer", "decoder")
"""The processing steps, which tell how tokens are shown."""


class StatedMerges(Struct, frozen=True):
    """Merges as the file has them: parsed, or as text that has yet to be."""

    values: object = None
    text: bytes | None = None

    def parsed(self, file: str) -> object:
        """The list, or whatever stands there.

        Raises:
            UnreadableFileError: the text is none.
        """
        if self.text is None:
            return self.values
        try:
            return msgspec.json.decode(self.text)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return parse_json(self.text, file)


class TokenizerDocument(Struct, frozen=True):
    """A tokenizer file, nothing in it checked beyond what is said.

    Attributes:
        vocab: ``{text: id}``, or Unigram's list of pieces, or anything else that stands there.
        merges: in order of rank, or None where the file has no such key.
        model: the model's other fields, as far as they matter here.
        stages: the processing steps.
        added_tokens: special and added tokens.
    """

    vocab: object
    merges: StatedMerges | None
    model: Mapping[str, object]
    stages: tuple[object, ...]
    added_tokens: object


class _Model(msgspec.Struct):
    vocab: dict[str, int] | list[Any]
    merges: msgspec.Raw = msgspec.Raw()
    type: Any = msgspec.UNSET
    byte_fallback: Any = msgspec.UNSET
    unk_id: Any = msgspec.UNSET


class _Document(msgspec.Struct):
    model: _Model
    added_tokens: Any = None
    normalizer: Any = None
    pre_tokenizer: Any = None
    decoder: Any = None


_FIELDS = ("type", "byte_fallback", "unk_id")
_DECODER = msgspec.json.Decoder(_Document)


def parse_tokenizer(data: bytes, file: str) -> TokenizerDocument:
    """Parse a file whose size is bounded already.

    Raises:
        UnreadableFileError: it is not JSON of bounded nesting and number of values, or holds no model.
    """
    if data.count(b",") <= VALUE_LIMIT:
        try:
            return _of_structure(_DECODER.decode(data))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            pass
    return _of_object(parse_json(data, file), file)


def _of_structure(found: _Document) -> TokenizerDocument:
    model, merges = found.model, bytes(found.model.merges)
    return TokenizerDocument(
        vocab=model.vocab,
        merges=StatedMerges(text=merges) if merges else None,
        model={field: getattr(model, field) for field in _FIELDS if getattr(model, field) is not msgspec.UNSET},
        stages=(found.normalizer, found.pre_tokenizer, found.decoder),
        added_tokens=found.added_tokens,
    )


def _of_object(found: object, file: str) -> TokenizerDocument:
    model = found.get("model") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(model, dict):
        raise UnreadableFileError(f'{file}: has no "model" object; not a tokenizers file, or damaged')
    return TokenizerDocument(
        vocab=model.get("vocab"),
        merges=StatedMerges(model["merges"]) if "merges" in model else None,
        model=model,
        stages=tuple(found.get(stage) for stage in STAGES),
        added_tokens=found.get("added_tokens"),
    )
