"""Licence, notice and use-policy files: recognised by their titles."""

from __future__ import annotations

import re

from lineage_audit.checkpoint.card.text_files import TextReader
from lineage_audit.checkpoint.claims import Claim
from lineage_audit.checkpoint.config.values import clean_text

_FILE = re.compile(r"(?:.*[-_. ])?(?:licen[cs]es?|notices?|use_policy|copying)(?:[-_. ].*)?", re.IGNORECASE)
_NOT_TEXT = re.compile(r".*\.(?:pdf|png|jpe?g|svg|html?|py|json|docx?)", re.IGNORECASE)
_FILE_LIMIT = 20
_HEAD = 6000
"""Characters in which a title is looked for; texts that quote other licences do so further down."""

_TITLES: tuple[str, ...] = (
    r"Llama (?:\d(?:\.\d)?) Acceptable Use Policy",
    r"Meta Llama 3 Community License(?: Agreement)?",
    r"Llama \d(?:\.\d)? (?:Version )?Community License(?: Agreement)?",
    r"Code Llama Community License(?: Agreement)?",
    r"LLaMA License Agreement",
    r"Gemma Terms of Use",
    r"Gemma Prohibited Use Policy",
    r"Yi Series Models (?:Community )?License(?: Agreement)?",
    r"Tongyi Qianwen (?:Research )?License Agreement",
    r"Qwen (?:Research )?License Agreement",
    r"DeepSeek License Agreement",
    r"CodeFuse Community License Agreement",
    r"Baichuan[\w.-]* (?:模型社区许可协议|(?:Model )?Community License(?: Agreement)?)",
    r"The (?:Chat)?GLM-?[\w.-]* License",
    r"(?:BigScience|BigCode|CreativeML)(?: )?(?:Open)?(?: )?RAIL(?:\+\+)?(?:-M)?(?: License)?(?: v[\d.]+)?",
    r"Mistral AI (?:Research|Non-Production) License",
    r"(?:TII )?Falcon(?: [\w.-]{1,8}){0,2} (?:TII )?License",
    r"Creative Commons Attribution(?:-NonCommercial)?(?:-ShareAlike|-NoDerivatives)? \d\.\d",
    r"Attribution(?:-NonCommercial)?(?:-ShareAlike|-NoDerivatives)? \d\.\d International",
    r"GNU (?:Affero |Lesser )?General Public License Version \d",
    r"Apache License,? Version 2\.0",
    r"BSD [23]-Clause(?: \"\w+\")? License",
    r"MIT License",
)
"""Titles to look for, words apart by any white space; the one that stands first in the file names it."""

_NOTICES: tuple[str, ...] = (
    r"(?:Meta )?Llama \d(?:\.\d)? is licensed under (?:[^\n]|\n(?!\n)){0,160}",
    r"Gemma is provided under (?:[^\n]|\n(?!\n)){0,160}",
    r"(?:Tongyi Qianwen|Qwen) is licensed under (?:[^\n]|\n(?!\n)){0,160}",
    r"DeepSeek[\w.-]{0,20} is licensed under (?:[^\n]|\n(?!\n)){0,160}",
)
"""Sentences that licences ask a notice to hold; of a notice file they say more than any title."""


def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    spaced = (pattern.replace(" ", r"[\s*#]+") for pattern in patterns)
    return re.compile("|".join(f"(?:{pattern})" for pattern in spaced), re.IGNORECASE)


_TITLE = _compiled(_TITLES)
_NOTICE = _compiled(_NOTICES)
_MIT_GRANT = re.compile(r"Permission\s+is\s+hereby\s+granted,\s+free\s+of\s+charge", re.IGNORECASE)
_CANONICAL = {_MIT_GRANT: "MIT License"}
"""Names for phrases that are not the title themselves."""


def claims_of_licence_files(reader: TextReader) -> list[Claim]:
    """Name each licence and policy file in the root by its title, each notice by the sentence asked for."""
    files = sorted(
        file
        for file in reader.source.files
        if "/" not in file and _FILE.fullmatch(file) and not _NOT_TEXT.fullmatch(file)
    )
    claims = []
    for file in files[:_FILE_LIMIT]:
        text = reader.text(file)
        if text.strip():
            patterns = (_NOTICE,) if "notice" in file.lower() else (_TITLE, _MIT_GRANT)
            name, line = _name(text, patterns)
            claims.append(Claim("license_text", name, file, line))
    return claims


def _name(text: str, patterns: tuple[re.Pattern[str], ...]) -> tuple[str, int]:
    """Return what names the text, and the line where that stands: a known phrase, else the first words."""
    head = text[:_HEAD]
    for pattern in patterns:
        match = pattern.search(head)
        if match:
            phrase = _CANONICAL.get(pattern) or " ".join(match[0].replace("Apache License,", "Apache License").split())
            return clean_text(phrase), text.count("\n", 0, match.start()) + 1
    for number, line in enumerate(text.split("\n"), start=1):
        shown = line.strip().strip("#*- ").strip()
        if shown:
            return clean_text(shown), number
    return "", 1
