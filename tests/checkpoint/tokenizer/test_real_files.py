"""Each format as its own library writes it, and what the library says each token stands for."""

import base64
import json
from functools import partial
from pathlib import Path

import pytest
import sentencepiece
from tokenizers import Tokenizer

from lineage_audit.checkpoint.tokenizer import Vocabulary, read_vocabulary
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.tokenizer import trained
from tests.counting import calls_in

REAL_REPOS = Path(__file__).parents[4] / "shared" / "real-repos"


def read(files: dict[str, bytes | str]) -> Vocabulary:
    vocabulary = read_vocabulary(MemorySource(files))
    assert vocabulary is not None
    return vocabulary


def encoded_bytes(tokenizer: Tokenizer, vocabulary: Vocabulary, text: str) -> bytes:
    """Join the bytes of the tokens that the library splits a text into."""
    by_id = {number: token for token, number in vocabulary.ids.items()}
    return b"".join(by_id[number] for number in tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("text", [*sorted(set(trained.CORPUS)), "unseen Ωmega\x00\x7f ½ text"])
def test_byte_level_tokens_join_to_the_text(text: str) -> None:
    tokenizer = trained.byte_level_bpe()
    vocabulary = read({"tokenizer.json": tokenizer.to_str()})
    assert encoded_bytes(tokenizer, vocabulary, text) == text.encode()


def test_byte_level_bpe_holds_every_byte_and_its_merges() -> None:
    tokenizer = trained.byte_level_bpe()
    vocabulary = read({"tokenizer.json": tokenizer.to_str()})
    assert vocabulary.kind == "bpe"
    assert {bytes([byte]) for byte in range(256)} <= set(vocabulary.ids)
    assert vocabulary.added == {text: number for number, text in enumerate(trained.SPECIAL)}
    assert vocabulary.size == tokenizer.get_vocab_size()
    assert len(vocabulary.merges) == vocabulary.size - 256 - len(trained.SPECIAL)
    assert all(left + right in vocabulary.ids for left, right in vocabulary.merges)


def test_merges_read_alike_as_strings_and_as_pairs() -> None:
    document = json.loads(trained.byte_level_bpe().to_str())
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in document["model"]["merges"]]
    readings = []
    for merges in (pairs, [" ".join(pair) for pair in pairs]):
        document["model"]["merges"] = merges
        readings.append(read({"tokenizer.json": json.dumps(document)}).merges)
    assert readings[0] == readings[1]
    assert len(readings[0]) == len(pairs)


@pytest.mark.parametrize("text", [*sorted(set(trained.CORPUS)), "unseen Ωmega"])
def test_metaspace_tokens_join_to_the_text_with_fallback_bytes(text: str) -> None:
    tokenizer = trained.metaspace_bpe()
    vocabulary = read({"tokenizer.json": tokenizer.to_str()})
    assert vocabulary.kind == "bpe"
    assert encoded_bytes(tokenizer, vocabulary, text) == b" " + text.encode()


def test_a_fallback_byte_stands_only_where_no_token_has_it() -> None:
    vocabulary = read({"tokenizer.json": trained.metaspace_bpe().to_str()})
    assert b"\xf0" in vocabulary.ids
    assert b"<0xF0>" not in vocabulary.ids
    assert vocabulary.ids[b"<0x61>"] != vocabulary.ids[b"a"]


def test_unigram_pieces_are_numbered_by_position() -> None:
    tokenizer = trained.unigram()
    vocabulary = read({"tokenizer.json": tokenizer.to_str()})
    assert vocabulary.kind == "unigram"
    assert vocabulary.merges == ()
    shown = {text.replace("▁", " ").encode(): number for text, number in tokenizer.get_vocab().items()}
    assert dict(vocabulary.ids) == {
        token: number for token, number in shown.items() if token.decode() not in trained.SPECIAL
    }


def test_wordpiece_keeps_its_continuation_marks() -> None:
    tokenizer = trained.wordpiece()
    vocabulary = read({"tokenizer.json": tokenizer.to_str()})
    assert vocabulary.kind == "wordpiece"
    assert any(token.startswith(b"##") for token in vocabulary.ids)
    assert {text.encode(): number for text, number in tokenizer.get_vocab().items() if text[0] != "["} == dict(
        vocabulary.ids
    )


def test_word_level_tokens_are_plain_text() -> None:
    vocabulary = read({"tokenizer.json": trained.wordlevel().to_str()})
    assert (vocabulary.kind, set(vocabulary.added)) == ("unknown", set(trained.SPECIAL))
    assert "组成".encode() not in vocabulary.ids
    assert b"token" in vocabulary.ids


@pytest.mark.parametrize(("model_type", "kind"), [("bpe", "bpe"), ("unigram", "unigram")])
def test_sentencepiece_pieces_as_the_library_reads_them(model_type: str, kind: str) -> None:
    model = trained.sentencepiece_model(model_type)
    library = sentencepiece.SentencePieceProcessor()
    library.LoadFromSerializedProto(model)
    vocabulary = read({"tokenizer.model": model})
    assert vocabulary.kind == kind
    assert set(vocabulary.added) == {"<unk>", "<s>", "</s>", "<sep>"}
    by_id = {number: token for token, number in vocabulary.ids.items()}
    for number in range(library.GetPieceSize()):
        piece = library.IdToPiece(number)
        if not library.IsByte(number) and piece not in vocabulary.added:
            assert by_id[number] == piece.replace("▁", " ").encode()
    for text in set(trained.CORPUS):
        joined = b"".join(by_id[number] for number in library.encode(text))
        assert joined == b" " + library.normalize(text).replace("▁", " ").strip().encode()


def test_vocab_json_and_merges_read_like_tokenizer_json(tmp_path: Path) -> None:
    tokenizer = trained.byte_level_bpe()
    tokenizer.model.save(str(tmp_path))
    pair: dict[str, bytes | str] = {
        "vocab.json": (tmp_path / "vocab.json").read_bytes(),
        "merges.txt": (tmp_path / "merges.txt").read_bytes(),
        "special_tokens_map.json": json.dumps(
            {"bos_token": "<s>", "eos_token": {"content": "</s>"}, "additional_special_tokens": ["<unk>", "<no>"]}
        ),
    }
    from_pair, from_json = read(pair), read({"tokenizer.json": tokenizer.to_str()})
    assert (from_pair.ids, from_pair.added, from_pair.merges) == (from_json.ids, from_json.added, from_json.merges)


def test_vocab_txt_reads_like_tokenizer_json(tmp_path: Path) -> None:
    tokenizer = trained.wordpiece()
    tokenizer.model.save(str(tmp_path))
    from_text = read({"vocab.txt": (tmp_path / "vocab.txt").read_bytes()})
    from_json = read({"tokenizer.json": tokenizer.to_str()})
    assert (from_text.ids, from_text.added, from_text.kind) == (from_json.ids, from_json.added, "wordpiece")


@pytest.mark.parametrize("file", ["qwen.tiktoken", "tokenizer.model"])
def test_rank_files_are_told_by_content(file: str) -> None:
    tokens = [bytes([byte]) for byte in range(256)] + [b" the", "词".encode(), b"\xe4\xba"]
    lines = b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))
    vocabulary = read({file: lines})
    assert vocabulary.kind == "tiktoken"
    assert vocabulary.ids == {token: rank for rank, token in enumerate(tokens)}


def test_tekken_ids_follow_the_special_tokens() -> None:
    entries = [{"rank": rank, "token_bytes": base64.b64encode(bytes([rank])).decode()} for rank in range(256)]
    document = {
        "config": {"default_vocab_size": 110, "default_num_special_tokens": 10},
        "vocab": entries,
        "special_tokens": [{"rank": 1, "token_str": "<s>"}],
    }
    vocabulary = read({"tekken.json": json.dumps(document)})
    assert vocabulary.ids == {bytes([rank]): rank + 10 for rank in range(100)}
    assert vocabulary.added == {"<s>": 1}


@pytest.mark.skipif(not REAL_REPOS.is_dir(), reason="no real repositories beside the project")
def test_added_tokens_of_real_repositories_join_the_vocabulary() -> None:
    folders = [file.parent for file in sorted(REAL_REPOS.glob("*/tokenizer_config.json"))]
    assert folders
    model = trained.byte_level_bpe().to_str()
    for folder in folders:
        names = ("tokenizer_config.json", "added_tokens.json", "special_tokens_map.json")
        files: dict[str, bytes | str] = {
            name: (folder / name).read_bytes() for name in names if (folder / name).is_file()
        }
        vocabulary = read({**files, "tokenizer.json": model})
        stated = json.loads(files["tokenizer_config.json"]).get("added_tokens_decoder", {})
        assert {entry["content"] for entry in stated.values()} <= set(vocabulary.added), folder


def _made_up(tokens: int) -> MemorySource:
    alphabet = [chr(point) for point in range(0x100, 0x144)]
    texts = ["Ġ" + "".join(alphabet[number // 68**place % 68] for place in range(4)) for number in range(tokens)]
    vocab = {text: number for number, text in enumerate(texts)}
    merges = [[text[:2], text[2:]] for text in texts]
    document = {
        "pre_tokenizer": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
    }
    return MemorySource({"tokenizer.json": json.dumps(document)})


def test_a_tokenizer_of_150_000_tokens_is_read_whole() -> None:
    vocabulary = read_vocabulary(_made_up(150_000))
    assert vocabulary is not None
    assert vocabulary.size == len(vocabulary.merges) == 150_000


def test_twice_the_tokens_are_twice_the_work() -> None:
    once, twice = (calls_in(partial(read_vocabulary, _made_up(tokens))) for tokens in (4_000, 8_000))
    assert twice < 2.2 * once
