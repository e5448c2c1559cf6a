"""Options that several commands share, each with one wording."""

from __future__ import annotations

from pathlib import Path

import click

effort_option = click.option(
    "--effort",
    type=click.Choice(["auto", "metadata", "sample", "search", "full"]),
    default="auto",
    show_default=True,
    help="How much of the weights to read; auto goes on until the verdict is settled.",
)
"""How much of the weights a comparison reads."""

device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where sums are taken; cuda needs PyTorch and a graphics card.",
)
"""Where a comparison takes its sums."""

format_option = click.option(
    "--format",
    "format_name",
    type=click.Choice(["terminal", "json", "markdown", "html"]),
    help="Default: by the suffix of -o (.json, .md, .html, .txt), else terminal.",
)
"""How the report is written."""

output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to stdout."
)
"""Where the report goes."""

figures_option = click.option(
    "--figures",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each figure of the report into this folder, as SVG.",
)
"""Where the figures go."""
