"""Which model a value names: an id, an address on the Hub, a folder of its cache. A path on a disk names none."""

from __future__ import annotations

import re

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
HUB_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com)/"
    r"([A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?)"
    r"(?:/(?:tree|blob|resolve|raw|commit|discussions)(?:/\S*)?)?/?(?:[?#]\S*)?",
    re.ASCII | re.IGNORECASE,
)
"""An address of a model on the Hub, whatever page of it; its group is the model."""
_CACHED = re.compile(r"(?:^|[/\\])models--([\w.-]+?)--([\w.-]+?)(?:[/\\]|$)", re.ASCII)
_PATH = re.compile(r"^(?:[./~\\]|[A-Za-z]:[\\/])|\\|/.*/|/$")
_CHECKPOINT = re.compile(r"checkpoint-\d+|step[-_]?\d+|epoch[-_]?\d+", re.IGNORECASE)
_LOCAL_FOLDERS = frozenset(
    {
        "checkpoint",
        "checkpoints",
        "ckpt",
        "ckpts",
        "data",
        "dev",
        "home",
        "kaggle",
        "llm",
        "mnt",
        "model",
        "models",
        "opt",
    }
    | {"out", "output", "outputs", "pretrained", "results", "root", "runs", "saved", "saves", "tmp", "train"}
    | {"weights", "work", "workspace", "content", "scratch"}
)


def looks_like_repository(name: str) -> bool:
    """Whether a name is of the form ``org/name`` and not a local folder that tells nothing."""
    if not HUB_ID.fullmatch(name):
        return False
    owner, model = name.split("/")
    return owner.lower() not in _LOCAL_FOLDERS and not _CHECKPOINT.fullmatch(model)


def without_address(value: str) -> str:
    """A value, or the ``org/name`` of the Hub's address that it is."""
    found = HUB_ADDRESS.fullmatch(value.strip())
    return found[1] if found else value.strip()


def named_model(value: str) -> str | None:
    """The model that a value names, or None for a path on somebody's disk.

    >>> named_model("/root/.cache/huggingface/hub/models--org--name/snapshots/0123")
    'org/name'
    """
    cached = _CACHED.search(value)
    if cached:
        return f"{cached[1]}/{cached[2]}"
    name = without_address(value)
    if not name or _PATH.search(name):
        return None
    return name if "/" not in name or looks_like_repository(name) else None
