"""``tokenizer.json`` of the tokenizers library: BPE, Unigram, WordPiece and WordLevel models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from lineage_audit.checkpoint.tokenizer.alphabets import byte_level, metaspace, utf8
from lineage_audit.checkpoint.tokenizer.merges import NO_MERGES, Merge, Merges
from lineage_audit.checkpoint.tokenizer.token_table import TOKEN_LIMIT, TokenTable, valid_id
from lineage_audit.checkpoint.tokenizer.tokenizer_document import StatedMerges, TokenizerDocument, parse_tokenizer
from lineage_audit.errors import UnreadableFileError

_KINDS: Mapping[str, str] = {
    "BPE": "bpe",
    "Unigram": "unigram",
    "WordPiece": "wordpiece",
    "WordLevel": "unknown",
}
_SEQUENCE_KEYS = ("normalizers", "pretokenizers", "decoders")

_Alphabet = Callable[[Sequence[str]], list[bytes]]


def read_tokenizer_json(data: bytes, file: str) -> TokenTable:
    """Read one ``tokenizer.json``; its merges are parsed when somebody looks at them.

    Raises:
        UnreadableFileError: it is not JSON of bounded nesting, or holds no model with a vocabulary.
    """
    document = parse_tokenizer(data, file)
    texts, ids = _vocabulary(document.vocab, file)
    _require_few(texts, file)
    alphabet = _alphabet(document)
    tokens = alphabet(texts)
    return TokenTable(
        tokens,
        ids,
        added=_added(document.added_tokens),
        merges=_merges(document.merges, texts, tokens, alphabet, file),
        kind=_kind(document),
        byte_fallback=alphabet is metaspace,
    )


def _require_few(entries: Sequence[object], file: str) -> None:
    if len(entries) > TOKEN_LIMIT:
        raise UnreadableFileError(f"{file}: more than {TOKEN_LIMIT:,} tokens or merges; not a tokenizer, or damaged")


def _merges(
    stated: StatedMerges | None, texts: Sequence[str], tokens: Sequence[bytes], alphabet: _Alphabet, file: str
) -> Merges:
    """The merges, yet to be parsed."""
    if stated is None:
        return NO_MERGES

    def read() -> tuple[Merge, ...]:
        values = stated.parsed(file)
        _require_few(values if isinstance(values, list) else (), file)
        return read_merges(values, dict(zip(texts, tokens, strict=True)), alphabet)

    return Merges(read, (alphabet.__name__, stated.text) if stated.text is not None else None)


def read_merges(stated: object, known: Mapping[str, bytes], alphabet: _Alphabet) -> tuple[Merge, ...]:
    """Read merges written ``"a b"`` or ``["a", "b"]``; malformed ones are dropped.

    Args:
        stated: the list as the file gives it.
        known: text -> bytes of the vocabulary, in which nearly all parts are found.
        alphabet: decodes the others.
    """
    if not isinstance(stated, list):
        return ()
    pairs = (merge.split(" ", 2) if isinstance(merge, str) else merge for merge in stated)
    try:
        return tuple([(known[left], known[right]) for left, right in pairs])
    except (KeyError, TypeError, ValueError):  # a part outside the vocabulary, or a damaged file
        return tuple(_sound_merges(stated, known, alphabet))


def _sound_merges(stated: list[object], known: Mapping[str, bytes], alphabet: _Alphabet) -> Iterator[Merge]:
    """Read merges one by one; parts outside the vocabulary are decoded all together."""
    pairs = [merge.split(" ", 2) if isinstance(merge, str) else merge for merge in stated]
    sound = [pair for pair in pairs if isinstance(pair, list) and len(pair) == 2 and _are_texts(pair)]
    strange = list({part for pair in sound for part in pair if part not in known})
    all_known = {**known, **dict(zip(strange, alphabet(strange), strict=True))}
    for left, right in sound:
        yield all_known[left], all_known[right]


def _are_texts(parts: list[object]) -> bool:
    return all(isinstance(part, str) and part for part in parts)


def _kind(document: TokenizerDocument) -> str:
    """Name the kind of model; files written before the type was stored are told by their keys."""
    stated = document.model.get("type")
    if isinstance(stated, str):
        return _KINDS.get(stated, "unknown")
    if document.merges is not None:
        return "bpe"
    return "unigram" if "unk_id" in document.model else "unknown"


def _vocabulary(vocab: object, file: str) -> tuple[list[str], list[object]]:
    """Texts and ids, from ``{text: id}`` or from Unigram's ``[[text, score], ...]``."""
    if isinstance(vocab, dict):
        return list(vocab), list(vocab.values())
    if isinstance(vocab, list):
        rows = [(row[0], number) for number, row in enumerate(vocab) if isinstance(row, list) and row]
        pieces = [(text, number) for text, number in rows if isinstance(text, str)]
        return [text for text, _ in pieces], [number for _, number in pieces]
    raise UnreadableFileError(f"{file}: its model has no vocabulary; not a tokenizers file, or damaged")


def _added(stated: object) -> dict[str, int]:
    added: dict[str, int] = {}
    for entry in stated if isinstance(stated, list) else ():
        if isinstance(entry, dict):
            text, number = entry.get("content"), entry.get("id")
            if isinstance(text, str) and text and isinstance(number, int) and valid_id(number):
                added.setdefault(text, number)
    return added


def _alphabet(document: TokenizerDocument) -> _Alphabet:
    """Tell from the processing steps how tokens are shown."""
    steps = [step for stage in document.stages for step in _steps(stage)]
    if any(step.get("type") == "ByteLevel" for step in steps):
        return byte_level
    if document.model.get("byte_fallback") is True or any(_marks_words(step) for step in steps):
        return metaspace
    return utf8


def _steps(stage: object, depth: int = 5) -> Iterator[Mapping[str, object]]:
    """The steps of one stage, sequences of sequences laid flat."""
    if not isinstance(stage, Mapping) or depth == 0:
        return
    yield stage
    for key in _SEQUENCE_KEYS:
        inner = stage.get(key)
        for step in inner if isinstance(inner, list) else ():
            yield from _steps(step, depth - 1)


def _marks_words(step: Mapping[str, object]) -> bool:
    """Whether a step writes or reads the word-start mark."""
    if step.get("type") == "Replace":
        return "▁" in (step.get("content"), step.get("pattern")) or step.get("pattern") == {"String": "▁"}
    return step.get("type") == "Metaspace" or (step.get("type"), step.get("prepend")) == ("Prepend", "▁")
