"""Licence, notice and use-policy files, each with the line that opens it; which licence that is, is not told here."""

from __future__ import annotations

import re

from lineage_audit.checkpoint.card.text_files import TextReader
from lineage_audit.checkpoint.claims import Claim
from lineage_audit.checkpoint.config.values import clean_text

_FILE = re.compile(r"(?:.*[-_. ])?(?:licen[cs]es?|notices?|use_policy|copying)(?:[-_. ].*)?", re.IGNORECASE)
_NOT_TEXT = re.compile(r".*\.(?:pdf|png|jpe?g|svg|html?|py|json|docx?)", re.IGNORECASE)
_FILE_LIMIT = 20


def claims_of_licence_files(reader: TextReader) -> list[Claim]:
    """List each licence, notice and policy file in the root with its first line."""
    files = sorted(
        file
        for file in reader.source.files
        if "/" not in file and _FILE.fullmatch(file) and not _NOT_TEXT.fullmatch(file)
    )
    claims = []
    for file in files[:_FILE_LIMIT]:
        text = reader.text(file)
        if text.strip():
            title, line = _title(text)
            claims.append(Claim("license_text", title, file, line))
    return claims


def _title(text: str) -> tuple[str, int]:
    """The first line that says something, and its number."""
    for number, line in enumerate(text.split("\n"), start=1):
        shown = line.strip().strip("#*=- ").strip()
        if shown:
            return clean_text(shown), number
    return "", 1
