"""The page around a report: one file that needs nothing else, and may do nothing else.

Style and script stand in the page and are named by their hashes in its content security policy: nothing else runs,
nothing is fetched, whatever a name in the report says.
"""

from __future__ import annotations

import re
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
_WORD = re.compile(r'<a href="#word-[^"]*" class="word">(.*?)</a>')
"""A link to what a word means; what is shown without the page's end does without."""


@dataclass(frozen=True, slots=True)
class PageSection:
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


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page before it is written.

    Attributes:
        title: what a browser calls it.
        answer: the relation or outcome, which decides the accent.
        head: the summary: what fits the first screen and one sheet of paper.
        sections: the parts; those without a body are left out.
        foot: one last line.
    """

    title: str
    answer: str
    head: Markup
    sections: Sequence[PageSection]
    foot: str


def whole(page: HtmlPage) -> str:
    """A page as one HTML file: the summary, then the details."""
    shown = [section for section in page.sections if section.body]
    return _document(page, joined(
        element("header", element("div", page.head, class_="summary"), _contents(shown)),
        element("main", lines(map(_section, shown))),
        element("footer", element("p", page.foot)),
    ))  # fmt: skip


def summary(page: HtmlPage) -> str:
    """The summary of a page alone, as an HTML file."""
    foot = element("p", page.foot, class_="aside")
    return _document(page, element("header", element("div", _alone(page.head), class_="summary"), foot))


def fragment(page: HtmlPage) -> str:
    """The summary of a page as a part of another page, with its style kept to itself."""
    style = variables(page.answer, scope=".lineage-audit") + f".lineage-audit {{\n{_style_of_parts()}\n}}\n"
    return joined(element("style", Markup(style)), element("div", _alone(page.head), class_="lineage-audit")).text


def _alone(head: Markup) -> Markup:
    return Markup(_WORD.sub(r"\1", head.text))


def _document(page: HtmlPage, content: Markup) -> str:
    style = variables(page.answer, scope=":root") + _style_of_parts()
    script = _own_file("page.js")
    body = element("body", content, element("script", Markup(script)))
    document = element("html", _head(page.title, style, script), body, lang="en")
    return f"<!doctype html>\n{document.text}\n"


def _style_of_parts() -> str:
    return stylesheet() + _own_file("page.css")


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


def _contents(sections: Sequence[PageSection]) -> Markup:
    links = (element("li", element("a", section.heading, href=f"#{section.name}")) for section in sections)
    return element("nav", element("ul", links), aria_label="Contents")


def _section(section: PageSection) -> Markup:
    heading = element("h2", section.heading, id=f"{section.name}-heading")
    lead = element("p", section.lead, class_="lead") if section.lead else None
    return element("section", heading, lead, section.body, id=section.name, aria_labelledby=f"{section.name}-heading")


def _own_file(name: str) -> str:
    return (files("lineage_audit.report.html") / name).read_text(encoding="utf-8")
