"""Options that several commands share, each with one wording."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from lineage_audit.sizes import LEAST_BUDGET, read_size

effort_option = click.option(
    "--effort",
    type=click.Choice(["auto", "metadata", "sample", "search", "full"]),
    default="auto",
    show_default=True,
    help="How much of the weights to read; auto goes on until the verdict is settled.",
)
"""How much of the weights a comparison reads."""


class Size(click.ParamType[int]):
    """A number of bytes: ``64MiB``, ``1.5G``, ``8000000``."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it; at least one MiB, with less nothing can be said."""
        if isinstance(value, int):
            return value
        size = read_size(value)
        if size is None:
            self.fail(f"{value!r} is no size; write 64MiB or 8000000", param, ctx)
        if size < LEAST_BUDGET:
            self.fail(f"{value!r} is less than 1MiB, from which nothing can be said", param, ctx)
        return size


budget_option = click.option(
    "--budget",
    metavar="SIZE",
    type=Size(),
    help="Bytes of weights that a sample may read of each model.  [default: 64MiB; 128MiB above 40 billion parameters]",
)
"""How many bytes a sample may cost."""

device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where sums are taken; cuda needs PyTorch and a graphics card.",
)
"""Where a comparison takes its sums."""

weights_option = click.option(
    "--weights",
    metavar="NAME",
    help="Of a training checkpoint with several sets of weights (model, ema, ...), read this one.",
)
"""Which set of weights of a training checkpoint is read."""

library_option = click.option(
    "--library",
    "path",
    required=True,
    envvar="LINEAGE_AUDIT_LIBRARY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The library's file. Default: $LINEAGE_AUDIT_LIBRARY.",
)
"""The library database that a command works on."""

quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and failures.")
"""What leaves the exit code and the files alone to speak."""

_trust_option = click.option(
    "--trust-config",
    "trust",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration of a sigstore instance of your own. Default: the public one.",
)
"""Which sigstore instance signs, or is trusted."""

_identity_option = click.option(
    "--identity",
    metavar="WHO",
    help="Who must have signed the certificate: an e-mail address, or a workflow's address.",
)
_issuer_option = click.option("--issuer", metavar="URL", help="Who must have vouched for that identity.")

_sign_option = click.option("--sign", is_flag=True, help="Sign the certificate with sigstore, as whoever runs this.")


def signer_options(command: Callable[..., int]) -> Callable[..., int]:
    """Whose word on a certificate counts; the command gets it as one ``signer``, None where nobody was named."""

    @wraps(command)
    def with_signer(*, identity: str | None, issuer: str | None, trust: Path | None, **arguments: Any) -> int:
        from lineage_audit.certificate import required_signer

        return command(**arguments, signer=required_signer(identity, issuer, trust))

    return _identity_option(_issuer_option(_trust_option(with_signer)))


def signing_options(command: Callable[..., int]) -> Callable[..., int]:
    """That a certificate is to be signed; the command gets it as one ``signing``, None where it is not."""

    @wraps(command)
    def with_signing(*, sign: bool, trust: Path | None, **arguments: Any) -> int:
        if not sign:
            if trust is not None:
                raise click.UsageError("--trust-config goes with --sign")
            return command(**arguments, signing=None)
        from lineage_audit.certificate import Signing

        return command(**arguments, signing=Signing(trust))

    return _sign_option(_trust_option(with_signing))
