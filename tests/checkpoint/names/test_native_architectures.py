"""Every architecture that transformers has, at its published size: each tensor finds its role."""

from __future__ import annotations

import warnings

import pytest

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.published_configs import PUBLISHED, Published
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


_MULTIMODAL = ("gemma3", "llama4", "qwen2_vl", "qwen2_5_vl", "mistral3")


def _on_meta(published: Published) -> tuple[dict[str, tuple[int, ...]], dict[str, object]]:
    config = transformers.AutoConfig.for_model(published.model_type, **published.config)
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(transformers, published.auto_class).from_config(config)
    return {name: tuple(p.shape) for name, p in model.named_parameters()}, config.to_dict()


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.model)
def test_every_tensor_of_a_published_architecture_has_a_role(published: Published) -> None:
    shapes, stated = _on_meta(published)
    refs = map_names(all_stored(shapes), config_of(**stated))
    unsettled = {Role.OTHER, Role.QKV, Role.GATE_UP}
    assert [ref.name for ref in refs if ref.role in unsettled or ref.inferred] == []
    assert duplicate_keys(refs) == []
    elements = sum(tensor.size for tensor in all_stored(shapes))
    assert sum(ref.size for ref in refs) == elements
    layers = {ref.layer for ref in refs if ref.layer is not None}
    assert layers == set(range(len(layers)))


@pytest.mark.parametrize("model_type", _MULTIMODAL)
def test_a_multimodal_model_keeps_its_language_model_apart(model_type: str) -> None:
    shapes, stated = _on_meta(Published(model_type, model_type, auto_class="AutoModelForImageTextToText"))
    refs = map_names(all_stored(shapes), config_of(**stated))
    assert [ref.name for ref in refs if ref.role is Role.OTHER or ref.inferred] == []
    assert duplicate_keys(refs) == []
    beside = {ref.name.split(".")[1] for ref in refs if ref.part in {ModelPart.VISION_TOWER, ModelPart.PROJECTOR}}
    assert beside.isdisjoint({"language_model"})
    assert {ref.role for ref in refs} >= {Role.VISION, Role.EMBED, Role.Q, Role.DOWN}
