"""The licence families of the matrix: a compliant derivative of each, and what to take away from it.

The licence texts are made up: titles and the phrases that recognise them, and filler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from lineage_audit.claims.licences.body import Body
from tests.claims.repositories import FILLER

CHANGED = "It was fine-tuned on technical prose."


@dataclass(frozen=True, slots=True)
class Lacking:
    """One thing taken from the compliant subject, and the one finding that must follow."""

    rule: str
    level: str = "error"
    without_file: str = ""
    without_sentence: str = ""
    label: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Family:
    """A base under one licence, and a subject that derives from it and shows what the licence asks for."""

    title: str
    base: str
    label: Mapping[str, str]
    subject: str = "Nova-7B"
    files: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[str, ...] = (CHANGED,)
    base_files: Mapping[str, str] = field(default_factory=dict)
    lacking: tuple[Lacking, ...] = ()


def _text(title: str, *phrases: str) -> str:
    return "\n\n".join((title, *phrases, FILLER))


def _llama_text(title: str, notice: str, attribution: str = "") -> str:
    """A licence text quotes the notice and the sentence that it asks for: that must not count as showing them."""
    accept = 'By clicking "I Accept" below or by using or distributing any portion, you agree.'
    return _text(title, accept, f'Retain this notice: "{notice}"', f'Display "{attribution}".')


def _llama(version: str, label: str, base: str, prefix: str, notice: str, attribution: str) -> Family:
    text = _llama_text(f"{version.upper()} COMMUNITY LICENSE AGREEMENT", notice, attribution)
    return Family(
        title=label,
        base=base,
        label={"license": label},
        subject=f"{prefix}-Nova",
        files={"LICENSE": text, "NOTICE": notice},
        sentences=(CHANGED, attribution),
        lacking=(
            Lacking("LA213", without_file="LICENSE"),
            Lacking("LA211", without_file="NOTICE"),
            Lacking("LA212", without_sentence=attribution),
            Lacking("LA214", name="Nova-7B"),
            Lacking("LA203", label={"license": "apache-2.0"}),
        ),
    )


def _llama_3x(version: str) -> Family:
    notice = (
        f"Llama {version} is licensed under the Llama {version} Community License, Copyright © Meta Platforms, Inc."
    )
    name = f"Llama-{version}-8B"
    return _llama(f"Llama {version}", f"llama{version}", name, "Llama", notice, "Built with Llama")


def _rail(key: str, base: str, label: Mapping[str, str], title: str) -> Family:
    return Family(
        title=key,
        base=base,
        label=label,
        files={"LICENSE": _text(title, "You shall pass on the Use Restrictions of Attachment A.")},
        lacking=(
            Lacking("LA213", without_file="LICENSE"),
            Lacking("LA215", level="warning", without_sentence=CHANGED),
            Lacking("LA216", label={"license": "cc-by-nc-4.0"}),
            Lacking("LA203", label={"license": "mit"}),
        ),
    )


_LLAMA_1_NOTICE = "LLaMA is licensed under the LLaMA License, Copyright (c) Meta Platforms, Inc. All Rights Reserved."
_LLAMA_2_NOTICE = (
    "Llama 2 is licensed under the LLAMA 2 Community License, Copyright (c) Meta Platforms, Inc. All Rights Reserved."
)
_LLAMA_3_NOTICE = "Meta Llama 3 is licensed under the Meta Llama 3 Community License, Copyright © Meta Platforms, Inc."
_GEMMA_NOTICE = "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms"
_QWEN_NOTICE = "Qwen is licensed under the Qwen RESEARCH LICENSE AGREEMENT, Copyright (c) Alibaba Cloud."
_HUNYUAN_NOTICE = "Tencent Hunyuan is licensed under the Tencent Hunyuan Community License Agreement, Copyright © 2024"
_TONGYI_NOTICE = "Tongyi Qianwen is licensed under the Tongyi Qianwen LICENSE AGREEMENT, Copyright (c) Alibaba Cloud."
_YI_SENTENCE = "This work is a derivative of Yi-1.5-6B by 01.AI, used under the Apache 2.0 License."


def known_text(file: str) -> str:
    return Body((files("lineage_audit.claims.licences") / "texts" / file).read_text(encoding="utf-8")).plain


APACHE, MIT = known_text("apache-2.0.txt"), known_text("mit.txt")
_NOTICE = "Copyright 2024 The Base Authors. This product includes weights made by the Base Authors and their friends."

FAMILIES: tuple[Family, ...] = (
    Family(
        "llama1",
        "llama-7b",
        {"license": "other", "license_name": "llama-license"},
        files={
            "LICENSE": _text(
                "LLaMA LICENSE AGREEMENT",
                "This License Agreement (as may be amended) is between you and Meta Platforms.",
                f'Provide this notice: "{_LLAMA_1_NOTICE}"',
            ),
            "NOTICE": _LLAMA_1_NOTICE,
        },
        lacking=(
            Lacking("LA213", level="warning", without_file="LICENSE"),
            Lacking("LA211", level="warning", without_file="NOTICE"),
            Lacking("LA202", label={"license": "apache-2.0"}),
        ),
    ),
    Family(
        "llama2",
        "Llama-2-7b-hf",
        {"license": "llama2"},
        files={
            "LICENSE.txt": _llama_text("LLAMA 2 COMMUNITY LICENSE AGREEMENT", _LLAMA_2_NOTICE),
            "Notice": _LLAMA_2_NOTICE,
        },
        lacking=(
            Lacking("LA213", without_file="LICENSE.txt"),
            Lacking("LA211", without_file="Notice"),
            Lacking("LA203", label={"license": "apache-2.0"}),
            Lacking("LA203", label={"license": "mit"}),
        ),
    ),
    _llama("Meta Llama 3", "llama3", "Meta-Llama-3-8B", "Llama-3", _LLAMA_3_NOTICE, "Built with Meta Llama 3"),
    _llama_3x("3.1"),
    _llama_3x("3.2"),
    _llama_3x("3.3"),
    _llama(
        "Llama 4",
        "llama4",
        "Llama-4-Scout",
        "Llama",
        "Llama 4 is licensed under the Llama 4 Community License, Copyright © Meta Platforms, Inc.",
        "Built with Llama",
    ),
    Family(
        "gemma",
        "gemma-2-2b",
        {"license": "gemma"},
        files={
            "LICENSE": _text(
                "Gemma Terms of Use",
                "By using, reproducing, modifying, distributing, performing or displaying Gemma, you agree.",
                "The Gemma Prohibited Use Policy is part of it.",
            ),
            "NOTICE": _GEMMA_NOTICE,
        },
        lacking=(
            Lacking("LA213", without_file="LICENSE", files={"NOTICE": _GEMMA_NOTICE.split(" found")[0]}),
            Lacking("LA211", without_file="NOTICE"),
            Lacking("LA215", level="warning", without_sentence=CHANGED),
            Lacking("LA216", label={"license": "cc-by-nc-4.0"}),
            Lacking("LA203", label={"license": "apache-2.0"}),
        ),
    ),
    Family(
        "gemma-4",
        "gemma-4-1b",
        {"license": "apache-2.0"},
        files={"LICENSE": APACHE},
        lacking=(
            Lacking("LA213", level="warning", without_file="LICENSE"),
            Lacking("LA215", level="warning", without_sentence=CHANGED),
        ),
    ),
    Family(
        "yi-community",
        "Yi-6B",
        {"license": "other", "license_name": "yi-license"},
        files={"LICENSE": _text("Yi Series Models Community License Agreement", "The Licensor grants a licence.")},
        sentences=(CHANGED, "Its base is by 01.AI."),
        lacking=(
            Lacking("LA213", without_file="LICENSE"),
            Lacking("LA212", without_sentence="Its base is by 01.AI."),
            Lacking("LA215", level="warning", without_sentence=CHANGED),
            Lacking("LA203", label={"license": "apache-2.0"}),
        ),
    ),
    Family(
        "yi-1.5",
        "Yi-1.5-6B",
        {"license": "apache-2.0"},
        files={"LICENSE": APACHE},
        sentences=(CHANGED, _YI_SENTENCE),
        lacking=(
            Lacking("LA212", level="note", without_sentence=_YI_SENTENCE),
            Lacking("LA213", level="warning", without_file="LICENSE"),
        ),
    ),
    _rail("openrail", "rail-base", {"license": "bigscience-openrail-m"}, "BigScience Open RAIL-M License"),
    _rail("openrail++", "rail-base", {"license": "openrail++"}, "CreativeML Open RAIL++-M License"),
    _rail("bigcode", "starcoder", {"license": "bigcode-openrail-m"}, "BigCode OpenRAIL-M License Agreement"),
    _rail(
        "deepseek",
        "deepseek-llm-7b",
        {"license": "other", "license_name": "deepseek-license"},
        "DEEPSEEK LICENSE AGREEMENT",
    ),
    Family(
        "tongyi-qianwen",
        "Qwen-7B",
        {"license": "other", "license_name": "tongyi-qianwen"},
        files={
            "LICENSE": _text(
                "Tongyi Qianwen LICENSE AGREEMENT", "By clicking to agree, you accept.", f'Keep "{_TONGYI_NOTICE}"'
            ),
            "NOTICE": _TONGYI_NOTICE,
        },
        lacking=(
            Lacking("LA213", without_file="LICENSE"),
            Lacking("LA211", without_file="NOTICE"),
            Lacking("LA215", level="warning", without_sentence=CHANGED),
            Lacking("LA203", label={"license": "mit"}),
        ),
    ),
    Family(
        "qwen-research",
        "Qwen2.5-3B",
        {"license": "other", "license_name": "qwen-research"},
        files={
            "LICENSE": _text("Qwen RESEARCH LICENSE AGREEMENT", "By clicking to agree, you accept.", _QWEN_NOTICE),
            "NOTICE": _QWEN_NOTICE,
        },
        sentences=(CHANGED, "Improved using Qwen."),
        lacking=(
            Lacking("LA213", level="warning", without_file="LICENSE"),
            Lacking("LA211", level="warning", without_file="NOTICE"),
            Lacking("LA212", without_sentence="Improved using Qwen."),
            Lacking("LA202", label={"license": "apache-2.0"}),
        ),
    ),
    Family(
        "cc-by-nc",
        "nc-base",
        {"license": "cc-by-nc-4.0"},
        lacking=(
            Lacking("LA202", label={"license": "mit"}),
            Lacking("LA202", label={"license": "cc-by-4.0"}),
        ),
    ),
    Family(
        "cc-by-nc-sa",
        "ncsa-base",
        {"license": "cc-by-nc-sa-4.0"},
        lacking=(
            Lacking("LA202", label={"license": "cc-by-sa-4.0"}),
            Lacking("LA201", label={"license": "cc-by-nc-4.0"}),
        ),
    ),
    Family(
        "cc-by-sa", "sa-base", {"license": "cc-by-sa-4.0"}, lacking=(Lacking("LA201", label={"license": "cc-by-4.0"}),)
    ),
    Family("cc-by", "by-base", {"license": "cc-by-4.0"}),
    Family(
        "apache-2.0",
        "apache-base",
        {"license": "apache-2.0"},
        files={"LICENSE": APACHE, "NOTICE": f"{_NOTICE} And we."},
        base_files={"NOTICE": _NOTICE},
        lacking=(
            Lacking("LA213", level="warning", without_file="LICENSE"),
            Lacking("LA211", without_file="NOTICE"),
            Lacking("LA215", level="warning", without_sentence=CHANGED),
        ),
    ),
    Family(
        "mit",
        "mit-base",
        {"license": "mit"},
        files={"LICENSE": MIT},
        lacking=(Lacking("LA213", level="warning", without_file="LICENSE"),),
    ),
    Family(
        "gpl-3.0",
        "gpl-base",
        {"license": "gpl-3.0"},
        lacking=(Lacking("LA201", label={"license": "mit"}),),
    ),
    Family(
        "agpl-3.0",
        "agpl-base",
        {"license": "agpl-3.0"},
        lacking=(Lacking("LA201", label={"license": "gpl-3.0"}),),
    ),
    Family(
        "gpl-2.0-or-later",
        "gpl-2-base",
        {"license": "gpl-2.0-or-later"},
        lacking=(Lacking("LA201", label={"license": "apache-2.0"}),),
    ),
    Family(
        "bsd-3-clause",
        "bsd-base",
        {"license": "bsd-3-clause"},
        files={"LICENSE": known_text("bsd-3-clause.txt")},
        lacking=(Lacking("LA213", level="warning", without_file="LICENSE"),),
    ),
    Family(
        "mistral-research",
        "mrl-base",
        {"license": "other", "license_name": "mrl"},
        files={"LICENSE": _text("Mistral AI Research License", "For Research Purposes alone.", "Outputs are yours.")},
        lacking=(
            Lacking("LA213", without_file="LICENSE"),
            Lacking("LA202", label={"license": "apache-2.0"}),
        ),
    ),
    Family(
        "exaone-1.1-nc",
        "EXAONE-3.5-2.4B-Instruct",
        {"license": "other", "license_name": "exaone"},
        subject="EXAONE-Nova",
        files={"LICENSE": _text("EXAONE AI Model License Agreement 1.1 - NC", "For research purposes alone.")},
        lacking=(
            Lacking("LA214", name="Nova-7B"),
            Lacking("LA213", level="warning", without_file="LICENSE"),
            Lacking("LA202", label={"license": "mit"}),
        ),
    ),
    Family(
        "tencent-hunyuan-community",
        "Hunyuan-7B-Instruct",
        {"license": "other", "license_name": "tencent-hunyuan-community"},
        files={
            "LICENSE": _text("Tencent Hunyuan Community License Agreement", "The Territory.", "Acceptable Use Policy."),
            "NOTICE": _HUNYUAN_NOTICE,
        },
        lacking=(
            Lacking("LA213", without_file="LICENSE"),
            Lacking("LA211", without_file="NOTICE"),
            Lacking("LA216", label={"license": "cc-by-nc-4.0"}),
            Lacking("LA215", level="warning", without_sentence=CHANGED),
            Lacking("LA203", label={"license": "apache-2.0"}),
        ),
    ),
)
