"""The page around a report: one file that needs nothing else, and may do nothing else.

Style and script stand in the page and are named by their hashes in its content security policy: nothing else runs,
nothing is fetched, whatever a name in the report says.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from lineage_audit.report.escaping import cut, printable
from lineage_audit.report.html.figures import stylesheet
from lineage_audit.report.html.markup import Child, Markup, element, joined, lines
from lineage_audit.report.html.palette import variables

_LONGEST_TITLE = 160


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page.

    Attributes:
        name: its id.
        heading: its heading, also in the page's list of contents.
        lead: a sentence that says how to read it, or nothing.
        body: what stands in it.
    """

    name: str
    heading: str
    lead: str
    body: Markup


def page(title: str, answer: str, head: Markup, sections: Sequence[Section], foot: str) -> str:
    """A whole page.

    Args:
        title: what a browser calls it.
        answer: the relation or outcome, which decides the accent.
        head: what stands before everything else.
        sections: the parts; those without a body are left out.
        foot: one last line.
    """
    shown = [section for section in sections if section.body]
    style = variables(answer, scope=":root") + stylesheet() + _own_file("page.css")
    script = _own_file("page.js")
    body = element(
        "body",
        element("header", head, _contents(shown)),
        element("main", lines(map(_section, shown))),
        element("footer", element("p", foot)),
        element("script", Markup(script)),
    )
    document = element("html", _head(title, style, script), body, lang="en")
    return f"<!doctype html>\n{document.text}\n"


def scrolling(label: str, *children: Child) -> Markup:
    """What may be wider than a phone, in a region that scrolls by itself and can be reached by keyboard."""
    return element("div", *children, class_="scroll", role="region", aria_label=label, tabindex="0")


def folded(title: str, *children: Child) -> Markup:
    """What opens on demand; nothing where there is nothing."""
    body = joined(*children)
    return element("details", element("summary", title), body) if body else body


def _head(title: str, style: str, script: str) -> Markup:
    policy = (
        f"default-src 'none'; style-src {_hashed(style)}; script-src {_hashed(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="color-scheme", content="light dark"),
        element("meta", name_="referrer", content="no-referrer"),
        element("title", cut(printable(title), _LONGEST_TITLE)),
        element("style", Markup(style)),
    )


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _contents(sections: Sequence[Section]) -> Markup:
    links = (element("li", element("a", section.heading, href=f"#{section.name}")) for section in sections)
    return element("nav", element("ul", links), aria_label="Contents")


def _section(section: Section) -> Markup:
    heading = element("h2", section.heading, id=f"{section.name}-heading")
    lead = element("p", section.lead, class_="lead") if section.lead else None
    return element("section", heading, lead, section.body, id=section.name, aria_labelledby=f"{section.name}-heading")


def _own_file(name: str) -> str:
    return (files("lineage_audit.report.html") / name).read_text(encoding="utf-8")
