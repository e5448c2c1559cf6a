"""Building a library from a seed list: ranged reads from a Hub on this machine, resumable, failures collected."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage_audit.errors import UnreadableFileError
from lineage_audit.library.database import open_database
from lineage_audit.library.seeds import Seed, build, read_seeds
from tests.checkpoint.source.conftest import hub  # noqa: F401
from tests.hub_server import Fault, HubRepository, HubServer
from tests.models import Size, llama, llama_config, repository

DEEP = Size(layers=12, hidden=256, heads=8, kv_heads=4, ffn=768, vocab=512)


def test_the_list_that_comes_with_the_tool_names_the_families() -> None:
    seeds = read_seeds()
    families = {seed.family for seed in seeds}
    assert len({seed.id for seed in seeds}) == len(seeds) > 60
    assert families >= {
        "Llama", "Yi", "Qwen", "Mistral", "Gemma", "DeepSeek", "GLM", "InternLM", "Baichuan", "Falcon", "Phi", "OLMo",
        "Pythia", "StableLM", "MPT", "BLOOM", "GPT-2", "gpt-oss", "Kimi", "Nemotron", "ERNIE", "MiniMax",
    }  # fmt: skip
    assert all(seed.license and seed.ref == f"{seed.id}@{seed.revision}" for seed in seeds)
    pinned = [seed.revision for seed in seeds if seed.revision != "main"]
    assert len(set(pinned)) == len(pinned) >= 25
    assert all(len(revision) == 40 and set(revision) <= set("0123456789abcdef") for revision in pinned)


@pytest.mark.parametrize(
    "text",
    ["", "models: 3", "models: [x]", "models: [{name: x}]", "models: [{id: x, size: 3}]", "a: [", "!!python/x y"],
)
def test_another_file_is_no_seed_list(text: str, tmp_path: Path) -> None:
    path = tmp_path / "seeds.yaml"
    path.write_text(text)
    with pytest.raises(UnreadableFileError, match=r"seeds\.yaml"):
        read_seeds(path)


def test_a_library_is_built_by_ranges_and_goes_on_after_failures(hub: HubServer, tmp_path: Path) -> None:  # noqa: F811
    files = repository(llama(1, DEEP), llama_config(DEEP))
    for name in ("org/one", "org/two"):
        hub.add(HubRepository(name, files, frozenset({"model.safetensors"})))
    seeds = [Seed(f"org/{name}", "main", "mit", "made up", None) for name in ("one", "two", "gone")]
    hub.faults.append(Fault("two", "status", 1000, 404))
    with open_database(tmp_path / "models.library", create=True) as database:
        first = {answer.seed.id: answer.failure for answer in build(database, seeds)}
        assert database.names() == {"org/one"}
        assert first["org/one"] is None
        assert first["org/two"]
        assert first["org/gone"]
        entry = database.entry("org/one")
        assert (entry.family, entry.license, entry.effort) == ("made up", "mit", "sample")
        assert entry.revision is not None
        assert entry.revision != "main"
        size = len(files["model.safetensors"])
        assert database.fingerprint("org/one").identity.bytes_read < size
        hub.faults.clear()
        again = {answer.seed.id: answer for answer in build(database, seeds)}
        assert again["org/one"].was_there
        assert again["org/two"].failure is None
        assert database.names() == {"org/one", "org/two"}
