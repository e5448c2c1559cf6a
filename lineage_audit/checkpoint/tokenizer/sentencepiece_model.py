"""SentencePiece's ``tokenizer.model``: the pieces of its protobuf, read without the library.

Fields read (sentencepiece_model.proto): ``ModelProto.pieces`` = 1, each with ``piece`` = 1 and ``type`` = 3;
``ModelProto.trainer_spec`` = 2 with ``model_type`` = 3. The file stores no merges: a BPE model merges by the
pieces' scores, which fall with the id.
"""

from __future__ import annotations

from lineage_audit.checkpoint.protobuf import DamagedMessageError, fields_of
from lineage_audit.checkpoint.tokenizer.alphabets import WORD_START
from lineage_audit.checkpoint.tokenizer.token_table import TokenTable
from lineage_audit.errors import UnreadableFileError

PIECE_LIMIT = 1_000_000
"""Most pieces in one file; the largest real models have 300,000."""

_PIECES, _TRAINER_SPEC = 1, 2
_PIECE_TEXT, _PIECE_TYPE = 1, 3
_MODEL_TYPE = 3
_KINDS = {1: "unigram", 2: "bpe"}
_NORMAL, _BYTE = 1, 6
_UNUSED = 5
_MARK = WORD_START.encode()


def read_sentencepiece(data: bytes, file: str) -> TokenTable:
    """Read the pieces in order of id; control, unknown and user-defined ones are added tokens.

    Raises:
        UnreadableFileError: the file is not a SentencePiece model, or has none or too many pieces.
    """
    try:
        pieces, kind = _read_model(data)
    except DamagedMessageError as error:
        raise UnreadableFileError(f"{file}: not a SentencePiece model ({error}); fetch the file again") from error
    if not 0 < len(pieces) <= PIECE_LIMIT:
        raise UnreadableFileError(f"{file}: holds {len(pieces):,} pieces; not a SentencePiece model, or damaged")
    ordinary = [(text, number) for number, (text, type_) in enumerate(pieces) if type_ in (_NORMAL, _BYTE, _UNUSED)]
    added = {
        text.decode("utf-8", "replace"): number
        for number, (text, type_) in enumerate(pieces)
        if type_ not in (_NORMAL, _BYTE, _UNUSED)
    }
    return TokenTable(
        [text.replace(_MARK, b" ") for text, _ in ordinary],
        [number for _, number in ordinary],
        added=added,
        kind=kind,
        byte_fallback=any(type_ == _BYTE for _, type_ in pieces),
    )


def _read_model(data: bytes) -> tuple[list[tuple[bytes, int]], str]:
    pieces: list[tuple[bytes, int]] = []
    kind = "unigram"
    for number, value in fields_of(data):
        if number == _PIECES and isinstance(value, bytes):
            pieces.append(_piece(value))
            if len(pieces) > PIECE_LIMIT:
                raise DamagedMessageError(f"more than {PIECE_LIMIT:,} pieces")
        elif number == _TRAINER_SPEC and isinstance(value, bytes):
            types = [inner for field, inner in fields_of(value) if field == _MODEL_TYPE]
            if types and isinstance(types[-1], int):
                kind = _KINDS.get(types[-1], "unknown")
    return pieces, kind


def _piece(data: bytes) -> tuple[bytes, int]:
    """Text and type of one piece; a type left out is NORMAL."""
    text, type_ = b"", _NORMAL
    for number, value in fields_of(data):
        if number == _PIECE_TEXT and isinstance(value, bytes):
            text = value
        elif number == _PIECE_TYPE and isinstance(value, int):
            type_ = value
    return text, type_
