"""The command line: parse, call, render, exit. Nothing else happens here.

Commands are imported when they are called, so that ``--help`` stays fast.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from collections.abc import Mapping
from typing import NoReturn

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.errors import LineageAuditError
from lineage_audit.version import __version__

_COMMANDS: Mapping[str, str] = {
    "check": "hold a model's claims against its weights",
    "explain": "a rule of check: what it looks at, how to fix what it finds",
    "compare": "does B derive from A, how much, and how surely",
    "verify": "verify a certificate, with the models or without",
    "inspect": "what one model is; no weight is read",
    "unmix": "which weights each named parent has in a merge",
    "behave": "do the answers of B lean to those of A",
    "fingerprint": "write a small file that stands for a model",
    "identify": "a model's nearest relatives in a library",
    "library": "keep fingerprints of known models in one file",
    "tree": "the family tree of many models",
    "render": "a JSON report again, in any format",
}
"""Command, and module of this room that defines it as ``command`` -> its line in the help, which loads none of them."""


_LONGEST_LINE = 1000
"""Characters of an error's line; a model's file may have a name as long as it likes."""


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


_OBJECTS_BETWEEN_COLLECTIONS = 200_000
"""New objects after which garbage is looked for: headers of 90,000 tensors make many, and none of them is garbage."""


class _LazyGroup(click.Group):
    """Commands by name, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"lineage_audit.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="lineage-audit")
def cli() -> None:
    """Say how much, how, and how surely one open-weight model derives from another.

    Exit codes: 0 passed, or nothing to object to or to check; 1 a finding at or above --fail-on; 2 an error;
    3 inconclusive.
    """


def main() -> NoReturn:
    """Run the command line and exit; every error is one line on stderr, never a traceback."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    code = run(sys.argv[1:])
    gc.freeze()  # what is left goes with the process; to look for garbage in it first takes a tenth of a second
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and give the exit code."""
    try:
        code = cli.main(args=arguments, prog_name="lineage-audit", standalone_mode=False, obj=tuple(arguments))
        sys.stdout.flush()
        return int(code or ExitCode.PASSED)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.ERROR
    except (click.Abort, KeyboardInterrupt) as stop:
        if isinstance(stop.__cause__, EOFError):  # click takes any for the end of what is typed
            _complain(f"internal error (EOFError: {stop.__cause__}); set LINEAGE_AUDIT_TRACEBACK=1 and report it")
            return ExitCode.ERROR
        _complain("interrupted; nothing was written")
        return ExitCode.INTERRUPTED
    except LineageAuditError as error:
        _complain(str(error))
        return ExitCode.ERROR
    except (BrokenPipeError, SystemExit):
        # The reader of stdout went away (`| head`), on which click and rich exit with 1, the code of a finding.
        # No complaint, and no second one when Python flushes.
        _give_up_stdout()
        return ExitCode.ERROR
    except OSError as error:
        if error.errno in _NO_ROOM and error.filename is None:
            _give_up_stdout()
        _complain(f"{error.filename or 'the output'}: {error.strerror or error}; nothing more was written")
        return ExitCode.ERROR
    except MemoryError:
        _complain("the models need more memory than there is; read less with --effort sample, or use a larger machine")
        return ExitCode.ERROR
    except Exception as error:
        if os.environ.get("LINEAGE_AUDIT_TRACEBACK"):
            raise
        _complain(f"internal error ({type(error).__name__}: {error}); set LINEAGE_AUDIT_TRACEBACK=1 and report it")
        return ExitCode.ERROR


def _give_up_stdout() -> None:
    """Let what is still buffered go nowhere: Python flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    """One printable line on stderr, not longer than anyone reads."""
    from lineage_audit.report.escaping import cut_middle, printable

    line = cut_middle(printable(" ".join(message.split())), _LONGEST_LINE)
    click.echo(f"lineage-audit: {line}", err=True)
