"""The summary of a result as a PDF: the first sheet of its page, laid out by WeasyPrint, which fetches nothing."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from typing import Any, NoReturn

from lineage_audit.errors import LineageAuditError
from lineage_audit.report.formats import Renderer
from lineage_audit.report.html import page_of, summary_of
from lineage_audit.report.html.figures.colours import with_colours
from lineage_audit.results import RESULTS, Result

_MISSING = "a PDF needs WeasyPrint and the system's Pango library: pip install 'lineage-audit[pdf]'; or write .html"

_SHEET = (210.0, 297.0)
_SCALES = (1.0, 0.9, 0.8, 0.7)
"""How small a summary may be set to stay on one sheet; a drawing of hundreds of models takes more all the same."""


def require_library() -> None:
    """Make sure that a PDF can be written, before any model is read.

    Raises:
        LineageAuditError: the optional library, or what it needs of the system, is not installed.
    """
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        raise LineageAuditError(_MISSING) from None


def _to_pdf(result: Result) -> bytes:
    """The summary of a result as a PDF file.

    Raises:
        LineageAuditError: the optional library, or what it needs of the system, is not installed.
    """
    require_library()
    from weasyprint import CSS, HTML

    written = io.BytesIO()
    page = HTML(string=with_colours(summary_of(result), page_of(result).answer), url_fetcher=_fetch_nothing)
    for scale in _SCALES:
        width, height = (length / scale for length in _SHEET)
        sheet = CSS(string=f"@page {{ size: {width:.1f}mm {height:.1f}mm !important }}")
        laid_out = page.render(stylesheets=[sheet])
        if len(laid_out.pages) == 1:
            break
    laid_out.write_pdf(written, zoom=scale)
    return written.getvalue()


def _fetch_nothing(url: str, *_: Any, **__: Any) -> NoReturn:
    """A page of ours names no address; whatever asks for one is refused."""
    raise ValueError(f"{url} is not fetched")


RENDERERS: Mapping[type, Renderer] = dict.fromkeys(RESULTS, _to_pdf)
