"""SPDX licence expressions, through license-expression."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from lineage_audit.claims.licences.catalogue import licence_called
from lineage_audit.claims.licences.licence import Licence

if TYPE_CHECKING:
    from license_expression import Licensing

EXPRESSION_LIMIT = 500
"""Longest expression that is parsed, in characters."""


def spdx_of(expression: str) -> str | None:
    """The valid SPDX expression that this is, in SPDX spelling; None where it is not one."""
    from license_expression import ExpressionError

    if len(expression) > EXPRESSION_LIMIT:
        return None
    try:
        parsed = _licensing().parse(expression, validate=True)
    except (ExpressionError, ValueError, RecursionError):
        return None
    return str(parsed) if parsed is not None else None


def alternatives(expression: str) -> tuple[Licence, ...]:
    """The known licences of an expression; empty unless all of them are known."""
    from license_expression import ExpressionError

    if len(expression) > EXPRESSION_LIMIT:
        return ()
    try:
        keys = _licensing().license_keys(expression)
    except (ExpressionError, ValueError, RecursionError):
        return ()
    found = [licence_called(key) for key in keys]
    return tuple(licence for licence in found if licence is not None) if all(found) else ()


@cache
def _licensing() -> Licensing:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
