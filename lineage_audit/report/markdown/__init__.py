"""Results as Markdown, for a pull request or the summary of a job."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.report.formats import Renderer
from lineage_audit.report.markdown.behaviour import render_behaviour_markdown
from lineage_audit.report.markdown.check import render_check_markdown
from lineage_audit.report.markdown.comparison import render_markdown
from lineage_audit.report.markdown.comparisons import render_comparisons_markdown
from lineage_audit.report.markdown.identification import render_identification_markdown
from lineage_audit.report.markdown.inspection import render_inspection_markdown
from lineage_audit.report.markdown.tree import render_tree_markdown
from lineage_audit.report.markdown.unmixing import render_unmix_markdown
from lineage_audit.results import (
    Behaviour,
    CheckReport,
    Comparisons,
    FamilyTree,
    Identification,
    Inspection,
    Report,
    Unmixing,
)

__all__ = ["RENDERERS"]

RENDERERS: Mapping[type, Renderer] = {
    Report: render_markdown,
    Comparisons: render_comparisons_markdown,
    CheckReport: render_check_markdown,
    Inspection: render_inspection_markdown,
    Identification: render_identification_markdown,
    FamilyTree: render_tree_markdown,
    Unmixing: render_unmix_markdown,
    Behaviour: render_behaviour_markdown,
}
