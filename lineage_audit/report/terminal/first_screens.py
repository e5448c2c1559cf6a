"""What prints the first screen of each kind of result."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.report.terminal.check import render_check_terminal
from lineage_audit.report.terminal.comparison import render_terminal
from lineage_audit.report.terminal.comparisons import render_comparisons_terminal
from lineage_audit.report.terminal.identification import render_identification_terminal
from lineage_audit.report.terminal.inspection import render_inspection_terminal
from lineage_audit.report.terminal.printing import Printer
from lineage_audit.report.terminal.tree import render_tree_terminal
from lineage_audit.report.terminal.unmixing import render_unmix_terminal
from lineage_audit.results import CheckReport, Comparisons, FamilyTree, Identification, Inspection, Report, Unmixing

FIRST_SCREENS: Mapping[type, Printer] = {
    Report: render_terminal,
    Comparisons: render_comparisons_terminal,
    CheckReport: render_check_terminal,
    Inspection: render_inspection_terminal,
    Identification: render_identification_terminal,
    FamilyTree: render_tree_terminal,
    Unmixing: render_unmix_terminal,
}
