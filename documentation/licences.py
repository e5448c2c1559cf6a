"""The page of the licences that the checks know: what each asks for, and where that was read."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.claims.licences import Licence, catalogue

_HEAD = """# The licences that the checks know

Made from the data (`lineage_audit/claims/licences/*.toml`) by `python -m documentation`. "Shows" is what the repository
of a derivative must show, which the rules look for; what stands under it cannot be seen in files and is told with the
report. "Read" is where the terms were read for this data; where it is missing, they were not, and the entry says so. No
line is legal advice, and a licence's own text is the last word.
"""


def page() -> str:
    """The whole page, in Markdown."""
    sections = ("\n".join(_section(licence)) for licence in sorted(catalogue().values(), key=lambda one: one.key))
    return "\n\n".join((_HEAD.rstrip(), *sections)) + "\n"


def _section(licence: Licence) -> Iterator[str]:
    yield f"## `{licence.key}`"
    yield ""
    yield f"[{licence.name}]({licence.source}), {licence.licence_class}, `{licence.spdx}`."
    lines = [f"- Shows: {', '.join(_owed(licence)) or 'nothing that is checked'}."]
    lines += [f"- {_capital(line)}." for line in licence.advice]
    if licence.share_alike is not None:
        others = sorted(licence.share_alike - {licence.key})
        lines.append(f"- Derivatives keep it{', or take one of: ' if others else ''}{', '.join(others)}.")
    if licence.read:
        lines.append(f"- Read: {_address(licence.read)}.")
    elsewhere = dict.fromkeys(fact.read for fact in licence.facts if fact.read and fact.read != licence.read)
    lines += [f"- Read as well: {_address(place)}." for place in elsewhere]
    yield ""
    yield from lines


def _owed(licence: Licence) -> Iterator[str]:
    owes = licence.owes
    if owes.copy:
        yield "a copy of the text" if owes.copy == "text" else "a copy of the text, or a link to it"
    if owes.notice:
        yield f'the notice "{owes.notice}"'
    if owes.notice_kept:
        yield "the base's own NOTICE"
    if owes.attribution:
        yield " or ".join(f'"{sentence}"' for sentence in owes.attribution)
    if owes.name_prefix:
        yield f'a name that begins with "{owes.name_prefix}"'
    if owes.changes:
        yield "that files were changed"
    if owes.restrictions:
        yield "the use restrictions, passed on"


def _address(place: str) -> str:
    return f"<{place}>" if place.startswith("https://") and " " not in place else place


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]
