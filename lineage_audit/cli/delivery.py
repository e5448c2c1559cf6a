"""Where a result goes: stdout, files by their suffixes, a folder of figures; known to be possible before the work."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.cli.progress import PROGRESS_STYLES, ProgressStyle, shown_progress
from lineage_audit.report import (
    TERMINAL,
    WITH_FIGURES,
    Format,
    format_named,
    format_of_file,
    formats_of,
    render,
    suffixes_of,
)
from lineage_audit.results import Result, Run
from lineage_audit.results.local_paths import without_local_paths

if TYPE_CHECKING:
    from lineage_audit.comparison.progress import Progress
    from lineage_audit.report.terminal import Part

_FIGURE_SUFFIXES = ("svg", "pdf", "png")

R = TypeVar("R", bound=Result)


class Delivery(Struct, frozen=True):
    """What becomes of the result of a command.

    Attributes:
        files: every file and its format.
        shown: the format that stdout gets, or None for nothing.
        parts: what a terminal shows beyond its first screen.
        figures: the folder that figures go to, or None.
        figure_suffix: the format of figures.
        auditor: who runs this, where that was said.
        progress_style: how progress is told on stderr.
    """

    files: Mapping[Path, Format]
    shown: Format | None
    parts: tuple[Any, ...]
    figures: Path | None
    figure_suffix: str
    auditor: str | None
    progress_style: ProgressStyle

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Progress on stderr for as long as the work takes."""
        with shown_progress(self.progress_style) as progress:
            yield progress

    def with_part(self, part: Part, *, wanted: bool) -> Delivery:
        """The same, with one part more behind what a terminal shows, where it is wanted."""
        return replace(self, parts=(*self.parts, part)) if wanted else self

    def of(self, name: str) -> Delivery:
        """The same for one of several results: its name stands before the endings of all files."""
        files = {path.with_name(_with_name(path.name, name)): form for path, form in self.files.items()}
        return replace(self, files=files, figures=self.figures / name if self.figures is not None else None)

    def deliver(self, result: R) -> R:
        """Write every file, all rendered before the first is written, then show the result with its run."""
        from lineage_audit.whole_files import write_whole

        words = _words_given()
        made = without_local_paths(dataclasses.replace(result, run=_this_run(words, self.auditor)), _named_in(words))
        documents = {path: self._document(made, form) for path, form in self.files.items()}
        for path, document in documents.items():
            write_whole(path, document)
        if self.figures is not None:
            from lineage_audit.report.figures import write_figures

            write_figures(made, self.figures, self.figure_suffix)
        self._show(made)
        return made

    def _document(self, result: Result, form: Format) -> str | bytes:
        if form is TERMINAL and self.parts:
            from lineage_audit.report.terminal import text_of

            return text_of(result, self.parts)
        return render(result, form)

    def _show(self, result: Result) -> None:
        if self.shown is TERMINAL:
            from lineage_audit.report.terminal import show

            show(result, self.parts)
        elif self.shown is not None:
            click.echo(render(result, self.shown), nl=False)


def _named_in(words: Sequence[str]) -> Iterator[str]:
    """Every model and file that a command line names: words, what stands behind their ``=``, bases and adapters."""
    for word in words:
        for part in (word, *word.split("=")):
            yield from (part, *part.split("+"))


def _with_name(file: str, name: str) -> str:
    """``report.cdx.json`` as ``report.<name>.cdx.json``."""
    beginning, dot, endings = file.partition(".")
    return f"{beginning}.{name}{dot}{endings}"


def _words_given() -> tuple[str, ...]:
    """The words of the command line, which whoever called the program hands down."""
    context = click.get_current_context(silent=True)
    words = context.find_root().obj if context is not None else None
    return words if isinstance(words, tuple) else tuple(sys.argv[1:])


def _this_run(words: tuple[str, ...], auditor: str | None) -> Run:
    return Run(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), ("lineage-audit", *words), auditor)


def delivered(kind: type) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The options of every command that gives a result; the command gets them as one ``delivery``.

    Args:
        kind: the type of the result: its formats, suffixes and figures decide what is offered.
    """

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        @wraps(command)
        def with_delivery(
            *,
            format_name: str | None,
            outputs: tuple[Path, ...],
            verbose: bool,
            explain: bool,
            quiet: bool,
            progress_style: ProgressStyle | None,
            auditor: str | None,
            figures: Path | None = None,
            figure_suffix: str = "svg",
            **arguments: Any,
        ) -> int:
            form = format_named(kind, format_name) if format_name else None
            files = {path: _format_of(kind, path, form) for path in outputs}
            shown = None if outputs and (form is None or _is_for_a_file(kind, outputs)) else form or TERMINAL
            delivery = Delivery(
                files=files,
                shown=None if quiet else shown,
                parts=(*(("details",) if verbose else ()), *(("terms",) if explain else ())),
                figures=figures,
                figure_suffix=figure_suffix,
                auditor=auditor,
                progress_style="none" if quiet else progress_style or "auto",
            )
            _require(delivery, form)
            return command(**arguments, delivery=delivery)

        for option in reversed(_options(kind)):
            with_delivery = option(with_delivery)
        return with_delivery

    return decorate


def _format_of(kind: type, path: Path, form: Format | None) -> Format:
    """The format that a file's name ends in; a name without one takes the format asked for, else the terminal's.

    Raises:
        LineageAuditError: its suffix names no format, and none was asked for.
    """
    from lineage_audit.report.saving import format_by_suffix

    if not path.suffix or path.is_char_device():
        return form or TERMINAL
    if form is not None and format_of_file(kind, path.name) is None:
        return form
    return format_by_suffix(kind, path)


def _is_for_a_file(kind: type, outputs: tuple[Path, ...]) -> bool:
    """Whether a format that was asked for is that of a file, whose own name ends in none."""
    return any(format_of_file(kind, path.name) is None for path in outputs)


def _require(delivery: Delivery, form: Format | None) -> None:
    """Everything that would stop the result from being delivered, said before any model is read."""
    from lineage_audit.whole_files import require_place

    for path in delivery.files:
        require_place(path)
    for needed in {*delivery.files.values(), *((form,) if form else ())}:
        needed.require()
    if delivery.figures is not None:
        from lineage_audit.report.figures import require_figures

        require_figures(delivery.figure_suffix)


def _options(kind: type) -> list[Callable[[Any], Any]]:
    names = [form.name for form in formats_of(kind)]
    *others, last = suffixes_of(kind)
    options = [
        click.option(
            "--format",
            "format_name",
            type=click.Choice(names),
            help="What stdout gets. Default: terminal, or nothing with -o.",
        ),
        click.option(
            "-o",
            "--output",
            "outputs",
            type=click.Path(path_type=Path),
            multiple=True,
            help=f"Write here, by suffix: {', '.join(others)} or {last}; may be given several times.",
        ),
    ]
    if kind in WITH_FIGURES:
        options += [
            click.option(
                "--figures",
                metavar="DIR",
                type=click.Path(file_okay=False, path_type=Path),
                help="Write each figure of the report into this folder.",
            ),
            click.option(
                "--figure-format",
                "figure_suffix",
                type=click.Choice(_FIGURE_SUFFIXES),
                default="svg",
                show_default=True,
                help="The format of the figures.",
            ),
        ]
    return [
        *options,
        click.option("-v", "--verbose", is_flag=True, help="Add every table to what a terminal shows."),
        click.option("--explain", is_flag=True, help="Add what the words of the report mean."),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code and files remain."),
        click.option(
            "--progress",
            "progress_style",
            type=click.Choice(PROGRESS_STYLES),
            help="How progress is told on stderr. Default: bars on a terminal, else nothing; json: a line an event.",
        ),
        click.option("--auditor", metavar="NAME", help="Who runs this, to be named in the report."),
    ]
